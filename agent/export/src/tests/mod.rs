//! Datagrams through the whole crate.

mod bounds;
mod datagrams;
mod hostile;
mod ipfix;
mod netflow;
mod sflow;

use sekisho_decode::Addr;

use crate::{Counts, ExportError, Exporters, FlowRecord, Format, Limits};
use datagrams::NOON_NS;

const ROUTER: Addr = Addr::v4([192, 0, 2, 254]);

/// What came out of reading datagrams one after the other.
struct Run {
    exporters: Exporters,
    flows: Vec<FlowRecord<'static>>,
    /// The applications' names, flow by flow.
    applications: Vec<Option<String>>,
}

impl Run {
    fn new() -> Self {
        Self { exporters: Exporters::new(Limits::default()), flows: Vec::new(), applications: Vec::new() }
    }

    /// Reads datagrams of [`ROUTER`], each of which must be whole.
    fn of(datagrams: &[Vec<u8>]) -> Self {
        let mut run = Self::new();
        for datagram in datagrams {
            run.read(datagram).unwrap();
        }
        run
    }

    fn read(&mut self, datagram: &[u8]) -> Result<Format, ExportError> {
        let (flows, applications) = (&mut self.flows, &mut self.applications);
        self.exporters.datagram(NOON_NS, ROUTER, datagram, &mut |flow| {
            applications.push(flow.application.map(str::to_owned));
            flows.push(FlowRecord { application: None, ..*flow });
        })
    }

    fn counts(&self) -> Counts {
        self.exporters.exporters().next().unwrap().counts
    }
}
