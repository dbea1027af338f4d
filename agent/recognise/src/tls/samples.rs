//! For tests: hellos and certificates of invented clients and servers, put together here.

/// A `length` field of N bytes before the bytes it counts.
fn counted<const N: usize>(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[4 - N..], bytes].concat()
}

fn codes(list: &[u16]) -> Vec<u8> {
    list.iter().flat_map(|code| code.to_be_bytes()).collect()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &counted::<2>(data)].concat()
}

/// A handshake message.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &counted::<3>(body)].concat()
}

/// A record of the given content type.
pub(crate) fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &counted::<2>(bytes)].concat()
}

/// A ClientHello's body: GREASE, TLS 1.3, ALPN `h2` and `http/1.1`. DTLS adds its cookie.
pub(crate) fn client_hello_body(name: &str, cookie: Option<&[u8]>) -> Vec<u8> {
    let server_name = counted::<2>(&[&[0][..], &counted::<2>(name.as_bytes())].concat());
    let protocols = counted::<2>(&[counted::<1>(b"h2"), counted::<1>(b"http/1.1")].concat());
    let (legacy, versions) = match cookie {
        None => (0x0303_u16, codes(&[0x1a1a, 0x0304, 0x0303])),
        Some(_) => (0xfefd, codes(&[0xfefc, 0xfefd])),
    };
    let extensions = [
        extension(0x2a2a, &[]),
        extension(0x0000, &server_name),
        extension(0x0017, &[]),
        extension(0x000a, &counted::<2>(&codes(&[0x3a3a, 0x001d]))),
        extension(0x0010, &protocols),
        extension(0x000d, &counted::<2>(&codes(&[0x0403, 0x0804]))),
        extension(0x002b, &counted::<1>(&versions)),
    ]
    .concat();
    [
        legacy.to_be_bytes().to_vec(),
        vec![0x42; 32],
        counted::<1>(&[7; 32]),
        cookie.map(counted::<1>).unwrap_or_default(),
        counted::<2>(&codes(&[0x0a0a, 0x1302, 0x1301, 0xc02f])),
        vec![1, 0],
        counted::<2>(&extensions),
    ]
    .concat()
}

/// A whole ClientHello in one record.
pub(crate) fn client_hello(name: &str) -> Vec<u8> {
    record(22, &message(1, &client_hello_body(name, None)))
}

/// A ServerHello that chooses a version.
pub(crate) fn server_hello(version: u16) -> Vec<u8> {
    server_hello_of(version, &[0x24; 32])
}

/// A ServerHello that asks for another hello.
pub(crate) fn hello_retry_request() -> Vec<u8> {
    server_hello_of(0x0304, ring::digest::digest(&ring::digest::SHA256, b"HelloRetryRequest").as_ref())
}

fn server_hello_of(version: u16, random: &[u8]) -> Vec<u8> {
    let chosen =
        if version > 0x0303 { extension(0x002b, &version.to_be_bytes()) } else { extension(0xff01, &[0]) };
    let body = [
        version.min(0x0303).to_be_bytes().to_vec(),
        random.to_vec(),
        counted::<1>(&[]),
        vec![0xc0, 0x2f, 0],
        counted::<2>(&chosen),
    ];
    message(2, &body.concat())
}

/// A Certificate message of one certificate.
pub(crate) fn certificate() -> Vec<u8> {
    message(11, &counted::<3>(&counted::<3>(&certificate_der())))
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        short @ ..=0x7f => vec![u8::try_from(short).unwrap()],
        long => [&[0x82][..], &u16::try_from(long).unwrap().to_be_bytes()].concat(),
    };
    [&[tag], &length[..], &content].concat()
}

/// A name of `(last arc of the attribute's OID 2.5.4.x, string tag, value)`.
fn name(parts: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let sets: Vec<_> = parts
        .iter()
        .map(|(arc, tag, value)| {
            let pair = der(0x30, &[&[0x06, 3, 0x55, 4, *arc], &der(*tag, &[value])]);
            der(0x31, &[&pair])
        })
        .collect();
    der(0x30, &[&sets.concat()])
}

/// An X.509 certificate with names in three string types, a serial number of a person, and ten hosts.
pub(crate) fn certificate_der() -> Vec<u8> {
    const ECDSA_SHA256: &[u8] = &[0x30, 0x0a, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let issuer = name(&[(6, 0x13, b"JP"), (10, 0x0c, "検査 CA, Inc.".as_bytes())]);
    let subject = name(&[
        (6, 0x13, b"JP"),
        (10, 0x14, b"M\xe9dical"),
        (5, 0x13, b"PERSON-4711"),
        (3, 0x1e, b"\0v\0p\0n\0.\0e\0x\0a\0m\0p\0l\0e\0.\0o\0r\0g"),
    ]);
    let validity = der(0x30, &[&der(0x17, &[b"250101000000Z"]), &der(0x17, &[b"350101000000Z"])]);
    let key_kind = der(0x30, &[&[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]);
    let key = der(0x30, &[&key_kind, &der(0x03, &[&[0, 4, 1, 2]])]);
    let mut hosts = vec![der(0x82, &[b"VPN.example.org"]), der(0x82, &[b"*.maint.example.org"])];
    hosts.push(der(0x82, &[b"bad name"]));
    hosts.push(der(0x87, &[&[192, 0, 2, 1]]));
    hosts.extend((0..8).map(|number| der(0x82, &[format!("h{number}.example.org").as_bytes()])));
    let names = der(0x30, &[&hosts.concat()]);
    let names = der(0x30, &[&[0x06, 3, 0x55, 0x1d, 0x11], &der(0x04, &[&names])]);
    let extensions = der(0xa3, &[&der(0x30, &[&names])]);
    let version = der(0xa0, &[&[2, 1, 2]]);
    let tbs =
        der(0x30, &[&version, &[2, 1, 1], ECDSA_SHA256, &issuer, &validity, &subject, &key, &extensions]);
    der(0x30, &[&tbs, ECDSA_SHA256, &der(0x03, &[&[0, 1, 2, 3]])])
}
