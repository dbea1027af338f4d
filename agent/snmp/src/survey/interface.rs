//! Interfaces: ifTable and ifXTable, row by row the same index (RFC 2863).

use super::{entry, only};
use crate::facts::Interface;
use crate::{Client, Walker};

const IF_TABLE: &[u32] = &[2, 2, 1];
const IF_X_TABLE: &[u32] = &[31, 1, 1, 1];
/// The entries below mib-2 that are read.
pub(super) const TABLES: &[&[u32]] = &[IF_TABLE, IF_X_TABLE];
const DESCR: u32 = 2;
const KIND: u32 = 3;
const SPEED: u32 = 5;
const MAC: u32 = 6;
const ADMIN: u32 = 7;
const OPER: u32 = 8;
const NAME: u32 = 1;
const HIGH_SPEED: u32 = 15;
const ALIAS: u32 = 18;
/// `up` of ifAdminStatus and ifOperStatus.
const UP: u64 = 1;
/// `dormant` of ifOperStatus.
const DORMANT: u64 = 5;
/// ifSpeed where the speed does not fit; then ifHighSpeed tells, in millions.
const BEYOND: u64 = 0xffff_ffff;

pub(super) async fn read<C: Client>(walker: &mut Walker<C>) -> Vec<Interface> {
    let table = walker.table(&entry(IF_TABLE), &[DESCR, KIND, SPEED, MAC, ADMIN, OPER]).await;
    let more = walker.table(&entry(IF_X_TABLE), &[NAME, HIGH_SPEED, ALIAS]).await;
    let row = |(index, row): (&Vec<u32>, &crate::Row)| {
        let further = more.rows.get(index);
        let high = further.and_then(|row| row.number(HIGH_SPEED)).filter(|speed| *speed > 0);
        let low = row.number(SPEED).filter(|speed| *speed < BEYOND);
        Some(Interface {
            index: only(index)?,
            name: further.and_then(|row| row.text(NAME)),
            descr: row.text(DESCR),
            alias: further.and_then(|row| row.text(ALIAS)),
            kind: row.number(KIND).and_then(|kind| u32::try_from(kind).ok()),
            mac: row.value(MAC).and_then(crate::Value::mac).filter(|mac| *mac != [0; 6]),
            is_enabled: row.number(ADMIN) == Some(UP),
            is_up: row.number(OPER) == Some(UP),
            is_waiting: row.number(OPER) == Some(DORMANT),
            speed_bps: high.map(|speed| speed.saturating_mul(1_000_000)).or(low),
        })
    };
    table.rows.iter().filter_map(row).collect()
}
