//! Where conns live: chunks that never move, so that a table that grows copies nothing and takes no more
//! than it holds.

use crate::conn::Conn;

/// Conns in a chunk, as a power of two: a mebibyte.
const CHUNK_BITS: u32 = 12;
const CHUNK: usize = 1 << CHUNK_BITS;

/// Conns by number.
#[derive(Debug)]
pub(crate) struct Places<X> {
    chunks: Vec<Vec<Conn<X>>>,
    len: usize,
}

impl<X> Places<X> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Conn<X>> {
        self.chunks.get((number >> CHUNK_BITS) as usize)?.get(number as usize & (CHUNK - 1))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Conn<X>> {
        self.chunks.get_mut((number >> CHUNK_BITS) as usize)?.get_mut(number as usize & (CHUNK - 1))
    }

    /// The number that the next conn gets.
    pub(crate) const fn next(&self) -> u32 {
        self.len as u32
    }

    /// Adds a conn at the end.
    pub(crate) fn push(&mut self, conn: Conn<X>) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(conn);
            self.len += 1;
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conn<X>> {
        self.chunks.iter_mut().flatten()
    }

    /// What they take, in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Conn<X>>()
    }
}
