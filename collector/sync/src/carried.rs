//! A bundle that captures go along with: signed and encrypted as [`crate::Bundle`] is, written and read in
//! constant memory whatever its size.
//!
//! ```text
//! SEKISHO-BUNDLE 2 LF
//! header as JSON, one line LF
//! age file: per part its kind (8 bits), its length (64 bits, big-endian) and its octets
//! signature, 64 octets, over the first line and the SHA-256 of everything before it
//! ```
//!
//! | kind | octets |
//! |---|---|
//! | 1 | a message |
//! | 2 | the name of a capture (UTF-8), which follows as a part of kind 3 |
//! | 3 | the capture |
//!
//! A bundle is read twice: once to tell whether its signature is right, once to open it. What was read the
//! second time is held against the first, so that a file that changes between is refused as well. Its reader
//! takes nothing over before [`Carried::open`] has come to its end.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::str::FromStr;

use age::stream::{StreamReader, StreamWriter};
use age::x25519::Recipient;
use ring::digest::{Context, SHA256};

use crate::bundle::{BundleError, Enrolment, Header, MAX_BUNDLE_BYTES, MAX_HEADER_BYTES, SIGNATURE, Sealer};
use crate::key::{self, BoxKey, hex};

const MAGIC: &[u8] = b"SEKISHO-BUNDLE 2\n";
/// Captures of one bundle: a file an hour for four days.
pub const MAX_CAPTURES: usize = 100;
/// Octets of the captures of one bundle together: what a stick of everyday size holds.
pub const MAX_CAPTURES_BYTES: u64 = 64 << 30;
/// Octets of a capture's name: what a file system of Linux allows.
const MAX_NAME_BYTES: u64 = 255;
/// What a message counts beside its octets: the memory that an empty one takes.
const MESSAGE_BYTES: u64 = 64;
/// Octets of the age file's own header: one reader's takes two hundred.
const MAX_AGE_HEADER_BYTES: u64 = 16 * 1024;
/// Octets read at once.
const BUFFER_BYTES: usize = 64 * 1024;

const MESSAGE: u8 = 1;
const NAME: u8 = 2;
const CAPTURE: u8 = 3;

/// Writes a bundle, part by part.
pub struct CarriedWriter<'k, W: Write> {
    key: &'k BoxKey,
    sealed: StreamWriter<Digested<W>>,
    captures: usize,
    bytes: u64,
}

impl<'k, W: Write> CarriedWriter<'k, W> {
    /// Begins one.
    pub fn begin(
        out: W,
        recipient: &str,
        key: &'k BoxKey,
        enrolment: Option<Enrolment>,
    ) -> Result<Self, BundleError> {
        let recipient = Recipient::from_str(recipient).map_err(|_| BundleError::Key)?;
        let header = Header { signer: key.public(), enrolment };
        let header = serde_json::to_vec(&header).map_err(|_| BundleError::Key)?;
        let mut out = Digested::new(out);
        for octets in [MAGIC, header.as_slice(), b"\n"] {
            out.write_all(octets).map_err(unwritten)?;
        }
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
        let encryptor = encryptor.map_err(|_| BundleError::Key)?;
        let sealed = encryptor.wrap_output(out).map_err(unwritten)?;
        Ok(Self { key, sealed, captures: 0, bytes: 0 })
    }

    /// Adds a message.
    pub fn message(&mut self, octets: &[u8]) -> Result<(), BundleError> {
        self.part(MESSAGE, octets.len() as u64)?;
        self.sealed.write_all(octets).map_err(unwritten)
    }

    /// Adds a capture of so many octets, and gives its SHA-256 in hexadecimal digits. What it grew by since
    /// its length was taken stays behind.
    pub fn capture(&mut self, name: &str, bytes: u64, content: impl Read) -> Result<String, BundleError> {
        self.captures += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.captures > MAX_CAPTURES || self.bytes > MAX_CAPTURES_BYTES {
            return Err(BundleError::TooManyCaptures);
        }
        let kept = name.get(..name.floor_char_boundary(MAX_NAME_BYTES as usize)).unwrap_or_default();
        self.part(NAME, kept.len() as u64)?;
        self.sealed.write_all(kept.as_bytes()).map_err(unwritten)?;
        self.part(CAPTURE, bytes)?;
        let mut content = content.take(bytes);
        let (copied, digest) = copy(&mut content, &mut self.sealed, |source| BundleError::Read { source })?;
        if copied < bytes {
            return Err(BundleError::Shrunk { name: name.to_owned() });
        }
        Ok(digest)
    }

    /// Signs it, and gives back where it was written.
    pub fn finish(self) -> Result<W, BundleError> {
        let Digested { mut inner, digest } = self.sealed.finish().map_err(unwritten)?;
        let signature = self.key.sign(&signed(digest))?;
        inner.write_all(&signature).and_then(|()| inner.flush()).map_err(unwritten)?;
        Ok(inner)
    }

    fn part(&mut self, kind: u8, bytes: u64) -> Result<(), BundleError> {
        let head = self.sealed.write_all(&[kind]);
        head.and_then(|()| self.sealed.write_all(&bytes.to_be_bytes())).map_err(unwritten)
    }
}

/// A bundle with captures whose signature is right.
#[derive(Clone, Debug)]
pub struct Carried {
    header: Header,
    /// Where the age file begins.
    begins: u64,
    /// Where the signature begins.
    ends: u64,
    /// What was signed.
    signed: Vec<u8>,
}

/// A part of a bundle.
pub enum Part<'p> {
    /// A message.
    Message(Vec<u8>),
    /// A capture.
    Capture {
        /// Its name where it came from: text that a stranger chose.
        name: String,
        /// Its octets, to be copied away.
        content: Content<'p>,
    },
}

/// The octets of a capture.
pub struct Content<'p> {
    rest: &'p mut dyn Read,
    bytes: u64,
}

impl Content<'_> {
    /// Gives how many there are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Copies them, and gives their SHA-256 in hexadecimal digits.
    pub fn copy(self, out: &mut impl Write) -> Result<String, BundleError> {
        let mut rest = self.rest.take(self.bytes);
        let (copied, digest) = copy(&mut rest, out, unopened)?;
        if copied < self.bytes { Err(BundleError::Altered) } else { Ok(digest) }
    }
}

impl Carried {
    /// Reads a bundle once, to its signature; nothing of it is believed before. One without captures is
    /// [`BundleError::NotABundle`] here.
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, BundleError> {
        let length = file.seek(SeekFrom::End(0)).map_err(unread)?;
        file.rewind().map_err(unread)?;
        let signature_begins = length.checked_sub(SIGNATURE as u64);
        let mut magic = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(unread)?;
        if magic != MAGIC {
            return Err(BundleError::NotABundle);
        }
        let ends = signature_begins.ok_or(BundleError::Altered)?;
        let mut digested = Digested::new(file.by_ref().take(ends.saturating_sub(magic.len() as u64)));
        digested.digest.update(&magic);
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, digested);
        let mut header = Vec::new();
        reader.by_ref().take(MAX_HEADER_BYTES as u64).read_until(b'\n', &mut header).map_err(unread)?;
        let begins = (magic.len() + header.len()) as u64;
        let header: Header = match header.split_last() {
            Some((b'\n', header)) => serde_json::from_slice(header).map_err(|_| BundleError::Altered)?,
            Some(_) | None => return Err(BundleError::Altered),
        };
        io::copy(&mut reader, &mut io::sink()).map_err(unread)?;
        let signed = signed(reader.into_inner().digest);
        let mut signature = Vec::new();
        file.take(SIGNATURE as u64 + 1).read_to_end(&mut signature).map_err(unread)?;
        if !key::verify(&header.signer, &signed, &signature) {
            return Err(BundleError::Altered);
        }
        Ok(Self { header, begins, ends, signed })
    }

    /// Gives the point of the key that signed it.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.header.signer
    }

    /// Gives how it shows an invitation.
    #[must_use]
    pub fn enrolment(&self) -> Option<&Enrolment> {
        self.header.enrolment.as_ref()
    }

    /// Reads it a second time and decrypts it, part by part. Of what was given nothing may be taken over where
    /// this fails, be it at the last octet.
    pub fn open<E: From<BundleError>>(
        &self,
        file: &mut (impl Read + Seek),
        sealer: &Sealer,
        mut take: impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        file.rewind().map_err(unread)?;
        let digested = Digested::new(file.take(self.ends));
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, digested);
        io::copy(&mut reader.by_ref().take(self.begins), &mut io::sink()).map_err(unread)?;
        let head = age_header(&mut reader)?;
        let sealed = head.as_slice().chain(&mut reader);
        let decryptor = age::Decryptor::new_buffered(sealed).map_err(|_| BundleError::ForAnother)?;
        let opened = decryptor.decrypt(std::iter::once(&sealer.0 as &dyn age::Identity));
        Parts::of(opened.map_err(|_| BundleError::ForAnother)?).each(&mut take)?;
        io::copy(&mut reader, &mut io::sink()).map_err(unread)?;
        if signed(reader.into_inner().digest) == self.signed {
            Ok(())
        } else {
            Err(BundleError::Altered.into())
        }
    }
}

/// Reads the header of an age file, to its last line: the library's own reader knows no bound.
fn age_header(reader: &mut impl BufRead) -> Result<Vec<u8>, BundleError> {
    let (mut head, mut reader) = (Vec::new(), reader.take(MAX_AGE_HEADER_BYTES));
    loop {
        let begins = head.len();
        if reader.read_until(b'\n', &mut head).map_err(unread)? == 0 {
            return Err(BundleError::Altered);
        }
        if head.get(begins..).is_some_and(|line| line.starts_with(b"---")) {
            return Ok(head);
        }
    }
}

/// The parts of an opened bundle, bounded.
struct Parts<R: Read> {
    opened: StreamReader<R>,
    messages: u64,
    captures: usize,
    bytes: u64,
}

impl<R: Read> Parts<R> {
    fn of(opened: StreamReader<R>) -> Self {
        Self { opened, messages: 0, captures: 0, bytes: 0 }
    }

    fn each<E: From<BundleError>>(
        mut self,
        take: &mut impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(kind) = self.kind()? {
            let bytes = self.length()?;
            match kind {
                MESSAGE => {
                    self.messages = self.messages.saturating_add(bytes).saturating_add(MESSAGE_BYTES);
                    if self.messages > MAX_BUNDLE_BYTES as u64 {
                        return Err(BundleError::TooLarge.into());
                    }
                    let message = self.octets(bytes)?;
                    take(Part::Message(message))?;
                }
                NAME if bytes <= MAX_NAME_BYTES => {
                    let name = String::from_utf8_lossy(&self.octets(bytes)?).into_owned();
                    self.capture(name, take)?;
                }
                _ => return Err(BundleError::Altered.into()),
            }
        }
        Ok(())
    }

    fn capture<E: From<BundleError>>(
        &mut self,
        name: String,
        take: &mut impl FnMut(Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.kind()? != Some(CAPTURE) {
            return Err(BundleError::Altered.into());
        }
        let bytes = self.length()?;
        self.captures += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.captures > MAX_CAPTURES || self.bytes > MAX_CAPTURES_BYTES {
            return Err(BundleError::TooManyCaptures.into());
        }
        let mut rest = self.opened.by_ref().take(bytes);
        take(Part::Capture { name, content: Content { rest: &mut rest, bytes } })?;
        // Who did not want it all is given the next part all the same.
        io::copy(&mut rest, &mut io::sink()).map_err(unopened)?;
        Ok(())
    }

    /// The kind of the next part; none at the end.
    fn kind(&mut self) -> Result<Option<u8>, BundleError> {
        let mut kind = [0];
        let read = self.opened.read(&mut kind).map_err(unopened)?;
        Ok((read > 0).then_some(u8::from_be_bytes(kind)))
    }

    fn length(&mut self) -> Result<u64, BundleError> {
        let mut length = [0; 8];
        self.opened.read_exact(&mut length).map_err(unopened)?;
        Ok(u64::from_be_bytes(length))
    }

    fn octets(&mut self, bytes: u64) -> Result<Vec<u8>, BundleError> {
        let mut octets = Vec::new();
        self.opened.by_ref().take(bytes).read_to_end(&mut octets).map_err(unopened)?;
        if octets.len() as u64 == bytes { Ok(octets) } else { Err(BundleError::Altered) }
    }
}

/// What passes through, and its digest.
struct Digested<T> {
    inner: T,
    digest: Context,
}

impl<T> Digested<T> {
    fn new(inner: T) -> Self {
        Self { inner, digest: Context::new(&SHA256) }
    }
}

impl<W: Write> Write for Digested<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(octets)?;
        self.digest.update(octets.get(..written).unwrap_or(octets));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(octets)?;
        self.digest.update(octets.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Copies to the end, tells which side fails, and gives how many octets that were and their SHA-256.
fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    unread: fn(io::Error) -> BundleError,
) -> Result<(u64, String), BundleError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut digest = Context::new(&SHA256);
    let mut copied = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok((copied, hex(digest.finish().as_ref()))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unread(error)),
        };
        let octets = buffer.get(..read).unwrap_or_default();
        digest.update(octets);
        to.write_all(octets).map_err(unwritten)?;
        copied += read as u64;
    }
}

/// What is signed: another form's signature is of no use here.
fn signed(digest: Context) -> Vec<u8> {
    [MAGIC, digest.finish().as_ref()].concat()
}

fn unread(source: io::Error) -> BundleError {
    BundleError::Read { source }
}

fn unwritten(source: io::Error) -> BundleError {
    BundleError::Write { source }
}

/// Of what is decrypted: not every failure is the disk's.
fn unopened(source: io::Error) -> BundleError {
    match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => BundleError::Altered,
        _ => BundleError::Read { source },
    }
}

#[cfg(test)]
mod tests;
