//! Builders of application payloads: values in, the bytes of one message out.

mod bytes;
mod cert;
mod clinical;
mod dns;
mod hello;
mod lan;
mod office;
mod text;
mod tls;
mod vpn;

pub(crate) use bytes::be16;
pub(crate) use clinical::{ae, dicom_associate, dicom_pdu, hl7, item};
pub(crate) use dns::{Rr, dns_query, dns_response, mdns_announce, nbns};
pub(crate) use hello::{TlsClient, client_hello, client_hello_msg};
pub(crate) use lan::{Dhcp, arp, dhcp, lldp, ntp};
pub(crate) use office::{krb, ldap, rdp_negotiate, smb2, snmp};
pub(crate) use text::{http_request, http_response, sip, ssdp, syslog};
pub(crate) use tls::{client_finish, quic_crypto_frame, record, server_flight, server_hello_msg};
pub(crate) use vpn::{ike, ovpn, wg_init, wg_resp};
