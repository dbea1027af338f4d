use std::io::Cursor;

use super::*;

fn written(key: &BoxKey, reader: &Sealer, captures: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = CarriedWriter::begin(Vec::new(), &reader.recipient(), key, None).unwrap();
    writer.message(b"one").unwrap();
    writer.message(b"").unwrap();
    for (name, content) in captures {
        writer.capture(name, content.len() as u64, *content).unwrap();
    }
    writer.finish().unwrap()
}

/// Messages, and captures with their names.
type Opened = (Vec<Vec<u8>>, Vec<(String, Vec<u8>)>);

fn opened(octets: &[u8], reader: &Sealer) -> Result<Opened, BundleError> {
    let mut file = Cursor::new(octets);
    let carried = Carried::read(&mut file)?;
    let (mut messages, mut captures) = (Vec::new(), Vec::new());
    carried.open(&mut file, reader, |part| {
        match part {
            Part::Message(message) => messages.push(message),
            Part::Capture { name, content } => {
                let mut copied = Vec::new();
                content.copy(&mut copied)?;
                captures.push((name, copied));
            }
        }
        Ok::<_, BundleError>(())
    })?;
    Ok((messages, captures))
}

#[test]
fn messages_and_captures_come_out_as_they_went_in_and_for_their_reader_only() {
    let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
    // Lengths around the chunks of an age file.
    let long = vec![7; 3 * 65_536];
    let captures = [("朝.pcap", long.as_slice()), ("../../etc/x\n", &long[..65_535]), ("empty", &[])];
    let octets = written(&key, &reader, &captures);
    let (messages, out) = opened(&octets, &reader).unwrap();
    assert_eq!(messages, [b"one".to_vec(), Vec::new()]);
    let expected: Vec<_> =
        captures.iter().map(|(name, octets)| ((*name).to_owned(), octets.to_vec())).collect();
    assert!(out == expected);
    assert!(matches!(opened(&octets, &Sealer::fresh()), Err(BundleError::ForAnother)));
    assert_eq!(Carried::read(&mut Cursor::new(&octets)).unwrap().signer(), key.public());
}

#[test]
fn one_altered_octet_and_any_cut_is_refused_before_anything_is_opened() {
    let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
    let octets = written(&key, &reader, &[("a", b"hello")]);
    for place in 0..octets.len() {
        let mut altered = octets.clone();
        altered[place] ^= 0x01;
        assert!(Carried::read(&mut Cursor::new(&altered)).is_err(), "octet {place}");
        assert!(Carried::read(&mut Cursor::new(&octets[..place])).is_err(), "{place} octets");
    }
    let longer = [octets.as_slice(), b"x"].concat();
    assert!(Carried::read(&mut Cursor::new(&longer)).is_err());
}

#[test]
fn a_file_that_changes_after_its_signature_was_read_is_refused() {
    let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
    let signed = written(&key, &reader, &[("a", b"hello")]);
    // Encrypted to the same reader, and of the same length: only the signature tells. An age file's header has
    // some random length.
    let stranger = BoxKey::fresh().unwrap();
    let mut others = (0..100_000).map(|_| written(&stranger, &reader, &[("a", b"HELLO")]));
    let other = others.find(|other| other.len() == signed.len()).unwrap();
    let carried = Carried::read(&mut Cursor::new(&signed)).unwrap();
    let all = carried.open(&mut Cursor::new(&other), &reader, |_| Ok::<_, BundleError>(()));
    assert!(matches!(all, Err(BundleError::Altered)), "{all:?}");
}

#[test]
fn a_capture_that_shrinks_or_grows_while_it_is_read_is_refused_or_cut() {
    let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
    let mut writer = CarriedWriter::begin(Vec::new(), &reader.recipient(), &key, None).unwrap();
    let digest = writer.capture("grows", 5, b"hello world".as_slice()).unwrap();
    assert_eq!(digest, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert!(matches!(writer.capture("shrinks", 9, b"hello".as_slice()), Err(BundleError::Shrunk { .. })));
}

#[test]
fn more_than_a_bundle_may_carry_is_refused_by_writer_and_reader() {
    let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
    let begin = || CarriedWriter::begin(Vec::new(), &reader.recipient(), &key, None).unwrap();
    let mut writer = begin();
    let large = writer.capture("large", MAX_CAPTURES_BYTES + 1, io::empty());
    assert!(matches!(large, Err(BundleError::TooManyCaptures)), "{large:?}");
    let mut many = begin();
    for _ in 0..MAX_CAPTURES {
        many.capture("x", 0, io::empty()).unwrap();
    }
    assert!(matches!(many.capture("x", 0, io::empty()), Err(BundleError::TooManyCaptures)));

    // What a box with a key may write that does not keep to it: (parts, why).
    let name = |parts: &mut Vec<u8>| parts.extend([&[NAME][..], &1_u64.to_be_bytes(), b"x"].concat());
    let head = |kind: u8, bytes: u64| [&[kind][..], &bytes.to_be_bytes()].concat();
    let mut too_long = Vec::new();
    name(&mut too_long);
    too_long.extend(head(CAPTURE, u64::MAX));
    let mut too_many = Vec::new();
    for _ in 0..=MAX_CAPTURES {
        name(&mut too_many);
        too_many.extend(head(CAPTURE, 0));
    }
    let cases = [
        (too_long, "a capture without end"),
        (too_many, "captures without end"),
        (head(MESSAGE, u64::MAX), "a message without end"),
        (head(MESSAGE, 9), "a message that is not there"),
        (head(NAME, 300), "a long name"),
        (head(CAPTURE, 0), "a capture without a name"),
        (head(9, 0), "a kind that is not known"),
        (vec![MESSAGE, 0], "half a head"),
    ];
    for (parts, why) in cases {
        let mut writer = begin();
        writer.sealed.write_all(&parts).unwrap();
        assert!(opened(&writer.finish().unwrap(), &reader).is_err(), "{why}");
    }
}

#[test]
fn a_bundle_without_captures_is_none_of_these() {
    let (key, reader) = (BoxKey::fresh().unwrap(), Sealer::fresh());
    let plain = crate::Bundle::write(&[b"one".to_vec()], &reader.recipient(), &key, None).unwrap();
    assert!(matches!(Carried::read(&mut Cursor::new(&plain)), Err(BundleError::NotABundle)));
    let carried = written(&key, &reader, &[]);
    assert!(matches!(crate::Bundle::read(&carried), Err(BundleError::NotABundle)));
}
