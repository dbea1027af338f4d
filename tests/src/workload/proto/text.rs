//! Protocols of text lines: HTTP, SIP, SSDP, syslog.

pub(crate) fn http_request(host: &str, path: &str, agent: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn http_response(server: &str, ctype: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nServer: {server}\r\nContent-Type: {ctype}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn sip(method: &str, user: u32, host: &str) -> Vec<u8> {
    format!(
        "{method} sip:{user}@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{user:08x}\r\nMax-Forwards: 70\r\nFrom: <sip:{user}@{host}>;tag={user:x}\r\nTo: <sip:{user}@{host}>\r\nCall-ID: {user:016x}@{host}\r\nCSeq: 1 {method}\r\nUser-Agent: ExamplePhone/4.2\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn ssdp(host: &str) -> Vec<u8> {
    format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nLOCATION: http://{host}:5000/desc.xml\r\nSERVER: Linux/5.10 UPnP/1.0 Example/1.0\r\nUSN: uuid:{host}\r\nCACHE-CONTROL: max-age=1800\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn syslog(host: &str, n: u32) -> Vec<u8> {
    format!("<134>Jan  1 09:00:{:02} {host} app[{n}]: interface check completed status=ok count={n}", n % 60)
        .into_bytes()
}
