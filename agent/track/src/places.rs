//! Where conns live: side by side, in room that is asked for at once for as many as there may be.

use crate::conn::Conn;

/// Conns by number.
///
/// The operating system gives memory when it is first written, so room that no conn has needed costs nothing;
/// and conns never move, so a table that grows copies nothing.
#[derive(Debug)]
pub(crate) struct Places<X> {
    conns: Vec<Conn<X>>,
}

impl<X> Places<X> {
    pub(crate) fn new(most: u32) -> Self {
        let mut conns = Vec::new();
        // Where so much may not even be asked for (`vm.overcommit_memory` 2), they move as they grow.
        let _ = conns.try_reserve_exact(most as usize);
        Self { conns }
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&Conn<X>> {
        self.conns.get(number as usize)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Conn<X>> {
        self.conns.get_mut(number as usize)
    }

    /// The number that the next conn gets.
    pub(crate) const fn next(&self) -> u32 {
        self.conns.len() as u32
    }

    /// Adds a conn at the end.
    pub(crate) fn push(&mut self, conn: Conn<X>) {
        self.conns.push(conn);
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conn<X>> {
        self.conns.iter_mut()
    }

    /// What they take, in bytes.
    pub(crate) const fn bytes(&self) -> usize {
        self.conns.len() * size_of::<Conn<X>>()
    }
}
