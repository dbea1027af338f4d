//! DHCP for IPv4 (RFC 2131, options of RFC 2132): who asks for a lease as what, and what was given.
//!
//! Told by a BOOTP header with DHCP's magic cookie. DISCOVER, REQUEST, INFORM and ACK become
//! [`Fact::Lease`]. All clients that have no address yet share one conn, 0.0.0.0 to
//! 255.255.255.255, so reading never ends.

#[cfg(test)]
mod tests;

use sekisho_decode::{Addr, Cursor, DecodeError, Layer, MacAddr};

use crate::settle::refuse;
use crate::text::note;
use crate::{Fact, Found, Lease, Look, Over, Protocol, Side, Sight, Sink, Start};

pub(crate) const PROTOCOL: Protocol = Protocol {
    service: "dhcp",
    tunnel: false,
    over: &[Over::Udp],
    ports: &PORTS,
    start: Start::on(&PORTS),
    look,
};

/// Servers and relays, clients (RFC 2131 §4.1), and PXE's boot servers.
const PORTS: [u16; 3] = [67, 68, 4011];

const BOOT_REQUEST: u8 = 1;
const BOOT_REPLY: u8 = 2;
const ETHERNET: u8 = 1;
const MAGIC_COOKIE: u32 = 0x6382_5363;

const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const INFORM: u8 = 8;

/// Memo: DHCP was seen on this conn, so one odd datagram does not end it.
const IS_DHCP: u32 = 1;

fn look(sight: &Sight<'_>, memo: &mut u32, sink: &mut dyn Sink) -> Look {
    // The standard fixes the ports; some makers' own discovery has the same header on others.
    if !sight.on_port(&PORTS) {
        return Look::No;
    }
    let message = match Message::parse(sight.data) {
        Ok(message) => message,
        Err(_) if *memo & IS_DHCP != 0 => return Look::Reading(Found::new(98)),
        Err(error) => return refuse(sight, error),
    };
    *memo |= IS_DHCP;
    if let Some(lease) = message.lease() {
        sink.fact(Fact::Lease(lease));
    }
    Look::Reading(Found::served_by(98, message.server(sight.sender())))
}

/// A BOOTP header and the options behind it.
struct Message<'a> {
    operation: u8,
    client: Addr,
    yours: Addr,
    mac: Option<MacAddr>,
    options: Options<'a>,
}

/// The options that are read; of one sent twice, the first.
#[derive(Default)]
struct Options<'a> {
    kind: Option<u8>,
    overload: u8,
    prefix_len: Option<u8>,
    router: Option<Addr>,
    server: Option<Addr>,
    hostname: Option<&'a str>,
    vendor_class: Option<&'a str>,
    parameters: Option<&'a [u8]>,
    /// An option leaves its field: what was read of this message is not to be believed.
    is_damaged: bool,
}

impl<'a> Message<'a> {
    /// Reads a datagram. RFC 2131 §2, figure 1.
    fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(Layer::Application, bytes);
        let [operation, hardware, hardware_len, _hops] = cursor.array()?;
        if !matches!(operation, BOOT_REQUEST | BOOT_REPLY) {
            return Err(cursor.malformed("neither request nor reply"));
        }
        let _transaction_seconds_flags: [u8; 8] = cursor.array()?;
        let client = address(cursor.array()?);
        let yours = address(cursor.array()?);
        let _server_relay: [u8; 8] = cursor.array()?;
        let [a, b, c, d, e, f, ..] = cursor.array::<16>()?;
        let (server_name, file) = (cursor.take(64)?, cursor.take(128)?);
        if cursor.u32()? != MAGIC_COOKIE {
            return Err(cursor.malformed("another cookie than DHCP's"));
        }
        let mut options = Options::default();
        options.read(cursor.rest());
        // RFC 2131 §4.1: the file field first.
        if options.overload & 1 == 1 {
            options.read(file);
        }
        if options.overload & 2 == 2 {
            options.read(server_name);
        }
        let mac = MacAddr([a, b, c, d, e, f]);
        let is_ethernet = (hardware, hardware_len) == (ETHERNET, 6) && !mac.is_zero();
        Ok(Self { operation, client, yours, mac: is_ethernet.then_some(mac), options })
    }

    /// Requests go to the server, replies come from it.
    const fn server(&self, sender: Side) -> Side {
        if self.operation == BOOT_REQUEST { sender.peer() } else { sender }
    }

    /// What the message says of its client, where it says anything that holds.
    fn lease(&self) -> Option<Lease<'a>> {
        let Options {
            kind, prefix_len, router, server, hostname, vendor_class, parameters, is_damaged, ..
        } = self.options;
        if is_damaged {
            return None;
        }
        let asked = Lease {
            mac: self.mac?,
            address: self.client,
            prefix_len: None,
            router: None,
            server: None,
            hostname,
            vendor_class,
            parameters: parameters.unwrap_or_default(),
        };
        match (self.operation, kind?) {
            (BOOT_REQUEST, DISCOVER | REQUEST | INFORM) => Some(asked),
            // An INFORM is answered without `yiaddr` (RFC 2131 §4.3.5). A vendor class in an answer
            // says whom its option 43 is for, not what this client is.
            (BOOT_REPLY, ACK) => {
                let address = if self.yours == Addr::UNSPECIFIED { self.client } else { self.yours };
                Some(Lease { address, prefix_len, router, server, vendor_class: None, ..asked })
            }
            _ => None,
        }
    }
}

impl<'a> Options<'a> {
    /// Reads a field of options, to its end mark (RFC 2132 §2).
    fn read(&mut self, field: &'a [u8]) {
        let mut cursor = Cursor::new(Layer::Application, field);
        while let Ok(code) = cursor.u8() {
            match code {
                0 => continue,
                255 => return,
                _ => {}
            }
            let value = cursor.u8().and_then(|len| cursor.take(usize::from(len)));
            let Ok(value) = value else {
                self.is_damaged = true;
                return;
            };
            self.take(code, value);
        }
    }

    fn take(&mut self, code: u8, value: &'a [u8]) {
        match code {
            1 => self.prefix_len = self.prefix_len.or_else(|| prefix_len(value)),
            3 => self.router = self.router.or_else(|| first_address(value)),
            12 => self.hostname = self.hostname.or_else(|| text(value)),
            52 => self.overload = value.first().copied().unwrap_or(0),
            53 => self.kind = self.kind.or_else(|| value.first().copied()),
            54 => self.server = self.server.or_else(|| first_address(value)),
            55 => self.parameters = self.parameters.or(Some(value)),
            60 => self.vendor_class = self.vendor_class.or_else(|| text(value)),
            _ => {}
        }
    }
}

/// Reads a header's address; 0.0.0.0 stands for none.
fn address(octets: [u8; 4]) -> Addr {
    if octets == [0; 4] { Addr::UNSPECIFIED } else { Addr::v4(octets) }
}

fn first_address(value: &[u8]) -> Option<Addr> {
    Some(address(*value.first_chunk()?)).filter(|address| *address != Addr::UNSPECIFIED)
}

/// Reads a subnet mask whose ones are all in front.
fn prefix_len(value: &[u8]) -> Option<u8> {
    let mask = u32::from_be_bytes(value.try_into().ok()?);
    let ones = mask.leading_ones();
    if mask.count_ones() == ones { u8::try_from(ones).ok() } else { None }
}

/// Reads a text, which some clients end with zeros (RFC 2132 §2).
fn text(value: &[u8]) -> Option<&str> {
    let end = value.iter().rposition(|byte| *byte != 0)?;
    note(value.get(..=end)?)
}
