//! What a device is made of: entPhysicalTable (RFC 6933), and which row stands for the whole device.

use super::{entry, only};
use crate::facts::Entity;
use crate::{Client, Oid, Walker};

const TABLE: &[u32] = &[47, 1, 1, 1, 1];
/// The entry below mib-2 that is read.
pub(super) const TABLES: &[&[u32]] = &[TABLE];
const CONTAINED_IN: u32 = 4;
const CLASS: u32 = 5;
/// Description, name, firmware, software, serial, maker, model.
const TEXT: [u32; 7] = [2, 7, 9, 10, 11, 12, 13];
const MODEL: u32 = 13;
const SERIAL: u32 = 11;
/// entPhysicalClass `chassis`.
const CHASSIS: u32 = 3;
/// entPhysicalClass `stack`.
const STACK: u32 = 11;

pub(super) async fn read<C: Client>(walker: &mut Walker<C>) -> Vec<Entity> {
    let mut columns = vec![CONTAINED_IN, CLASS];
    columns.extend(TEXT);
    let table = walker.table(&entry(TABLE), &columns).await;
    let row = |(index, row): (&Vec<u32>, &crate::Row)| {
        let small = |column| row.number(column).and_then(|number| u32::try_from(number).ok());
        Some(Entity {
            index: only(index)?,
            class: small(CLASS),
            contained_in: small(CONTAINED_IN),
            text: TEXT.iter().filter_map(|column| Some((*column, row.text(*column)?))).collect(),
        })
    };
    table.rows.iter().filter_map(row).collect()
}

/// Finds the row that stands for the whole device: the first chassis with a model or serial, else the first
/// chassis or stack, else the first row that is in no other, or the first where the device tells no classes.
#[must_use]
pub fn chassis(entities: &[Entity]) -> Option<&Entity> {
    let is_chassis = |entity: &&Entity| entity.class == Some(CHASSIS);
    let says = |entity: &&Entity| entity.text(MODEL).is_some() || entity.text(SERIAL).is_some();
    let has_classes = entities.iter().any(|entity| entity.class.is_some());
    let whole = |entity: &&Entity| matches!(entity.class, Some(CHASSIS | STACK));
    entities
        .iter()
        .find(|entity| is_chassis(entity) && says(entity))
        .or_else(|| entities.iter().find(whole))
        .or_else(|| entities.iter().find(|entity| entity.contained_in == Some(0)))
        .or_else(|| entities.first().filter(|_| !has_classes))
}

/// Gives the objects and texts of a row, by column.
pub fn columns(entity: &Entity) -> impl Iterator<Item = (u32, Oid, &str)> {
    let oid = |column: u32| entry(TABLE).child(&[column, entity.index]);
    entity.text.iter().map(move |(column, text)| (*column, oid(*column), text.as_str()))
}
