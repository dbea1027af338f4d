//! Wire bytes to the text of a note or a name: nothing that could break a table, a log or a terminal.

/// The longest text a note takes, in bytes. Longer banners say nothing more about the product.
const NOTE_BYTES: usize = 200;

/// The longest host name, in bytes (RFC 1035 §2.3.4).
pub(crate) const HOST_BYTES: usize = 255;

/// Gives the bytes as a note: trimmed, cut at [`NOTE_BYTES`], `None` if empty or not plain text.
pub(crate) fn note(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.get(..NOTE_BYTES).unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        // A cut may fall inside a character; anything else is not text.
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|head| std::str::from_utf8(head).ok())?
        }
        Err(_) => return None,
    };
    let text = text.trim();
    if text.is_empty() || !each(text, |letter| !letter.is_control()) { None } else { Some(text) }
}

/// Gives where a mark first stands.
pub(crate) fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let (first, rest) = mark.split_first()?;
    let is_mark = |at: &usize| bytes.get(at + 1..).is_some_and(|after| after.starts_with(rest));
    memchr::memchr_iter(*first, bytes).find(is_mark)
}

/// Gives a host name or address literal in lower case, without the final dot.
///
/// `None` for anything that is not one: letters and digits of any script, `-`, `_`, dots between
/// labels, and `:` inside an IPv6 literal.
pub(crate) fn host<'b>(bytes: &[u8], buffer: &'b mut [u8; HOST_BYTES]) -> Option<&'b str> {
    let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
    let lower = buffer.get_mut(..bytes.len())?;
    lower.copy_from_slice(bytes);
    lower.make_ascii_lowercase();
    let text = std::str::from_utf8(lower).ok()?;
    is_host(text).then_some(text)
}

/// Tells whether a text is safe and plausible as a host name.
pub(crate) fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('.')
        && !text.contains("..")
        && each(text, |letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':'))
}

/// Tells whether all letters are such. Nearly all texts are ASCII, whose letters need no decoding.
#[inline]
fn each(text: &str, is_such: impl Fn(char) -> bool) -> bool {
    if text.is_ascii() { text.bytes().all(|byte| is_such(byte.into())) } else { text.chars().all(is_such) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_plain_text() {
        // (wire, note)
        let cases: [(&[u8], Option<&str>); 6] = [
            (b"nginx/1.24.0\r", Some("nginx/1.24.0")), // line ends are trimmed
            (b"  \t", None),                           // nothing left
            (b"\x1b[31mred", None),                    // would reach a terminal
            (b"\xff\xfe", None),                       // no UTF-8
            ("検査室".as_bytes(), Some("検査室")),
            ("検査".as_bytes().split_last().unwrap().1, Some("検")), // cut inside a character
        ];
        for (wire, expected) in cases {
            assert_eq!(note(wire), expected, "{wire:?}");
        }
        assert_eq!(note(&[b'a'; 300]).unwrap().len(), NOTE_BYTES);
    }

    #[test]
    fn a_host_is_lower_case_and_holds_host_letters_only() {
        // (wire, host)
        let cases: [(&[u8], Option<&str>); 7] = [
            (b"PACS.Example.org.", Some("pacs.example.org")),
            (b"2001:db8::1", Some("2001:db8::1")),
            (b"_ldap._tcp.example.org", Some("_ldap._tcp.example.org")),
            (b"a b.example", None),  // a space
            (b"a..example", None),   // an empty label
            (b"x\">.example", None), // markup
            (&[b'a'; 256], None),    // longer than any name
        ];
        for (wire, expected) in cases {
            assert_eq!(host(wire, &mut [0; HOST_BYTES]), expected, "{wire:?}");
        }
    }
}
