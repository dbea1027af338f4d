//! The one way to read wire bytes: forward, checked, with the layer and offset in the error.

use crate::error::{DecodeError, Layer};

/// Reads big-endian fields from the front of a layer's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    layer: Layer,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at a layer's first byte.
    #[inline]
    #[must_use]
    pub const fn new(layer: Layer, bytes: &'a [u8]) -> Self {
        Self { layer, rest: bytes, offset: 0 }
    }

    /// Gives what has not been read.
    #[inline]
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Takes `N` bytes as an array.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(N));
        };
        self.rest = rest;
        self.offset += N;
        Ok(*head)
    }

    /// Takes `len` bytes as a slice.
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.truncated(len));
        };
        self.rest = rest;
        self.offset += len;
        Ok(head)
    }

    /// Takes one byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(|[byte]| byte)
    }

    /// Takes two bytes, big-endian.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes four bytes, big-endian.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes two bytes, little-endian.
    #[inline]
    pub fn u16_le(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Takes four bytes, little-endian.
    #[inline]
    pub fn u32_le(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Says that every byte is there and contradicts the standard.
    #[cold]
    #[must_use]
    pub const fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed { layer: self.layer, what }
    }

    #[cold]
    const fn truncated(&self, need: usize) -> DecodeError {
        DecodeError::Truncated { layer: self.layer, offset: self.offset, need, have: self.rest.len() }
    }
}
