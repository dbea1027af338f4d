//! Changes of the ledger in words: its values are fields and slugs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sekisho_api::GENERAL_INTERNET;
use sekisho_ledger::{Cause, Change};
use serde_json::{Map, Value};

use crate::history::HistoryRow;
use crate::text::{Lang, label, text};

/// Words a change as people read it.
#[must_use]
pub fn row(change: Change, lang: Lang, zone: &TimeZone) -> HistoryRow {
    let words =
        |value: Option<Value>| value.map(|value| words(&value, lang, zone)).filter(|words| !words.is_empty());
    let subject = label(lang, "subject", change.subject.kind());
    let by = change.after.as_ref().and_then(|after| after.get("by")).and_then(Value::as_str);
    let by = by.filter(|_| change.cause == Cause::Person).map(str::to_owned);
    HistoryRow {
        at: change.at,
        site: change.site,
        kind: change.kind.slug().to_owned(),
        subject: format!("{subject} {}", change.subject.key()),
        before: words(change.before),
        after: words(change.after),
        by,
    }
}

/// Tells whether a change is of a connection to the general Internet.
#[must_use]
pub fn is_of_general_internet(change: &Change) -> bool {
    let category = |value: &Option<Value>| {
        value.as_ref().and_then(|value| value.get("category")).and_then(Value::as_str).map(str::to_owned)
    };
    let (before, after) = (category(&change.before), category(&change.after));
    after.or(before).as_deref() == Some(GENERAL_INTERNET)
}

fn words(value: &Value, lang: Lang, zone: &TimeZone) -> String {
    let Value::Object(fields) = value else { return plain(value, zone) };
    if let (Some(Value::Object(inside)), Some(Value::Object(outside))) =
        (fields.get("inside"), fields.get("outside"))
    {
        return connection(fields, inside, outside, lang);
    }
    let field = |(key, value): (&String, &Value)| {
        let value = match (key.as_str(), value) {
            (_, Value::Null) => return None,
            (_, Value::Object(end)) => end_of(end),
            ("category" | "role" | "line" | "status" | "service" | "outcome", Value::String(slug)) => {
                label(lang, key, slug).into_owned()
            }
            _ => plain(value, zone),
        };
        let name = format!("field.{}", key.replace('_', "-"));
        let named = text(lang, &name);
        // A field that the catalogue does not name shows under its own.
        let named = if named == name { key.as_str() } else { named };
        (!value.is_empty()).then(|| format!("{named}: {value}"))
    };
    fields.iter().filter_map(field).collect::<Vec<_>>().join(", ")
}

/// A connection's main fields: from whom to whom, by what, through which exit.
fn connection(
    fields: &Map<String, Value>,
    inside: &Map<String, Value>,
    outside: &Map<String, Value>,
    lang: Lang,
) -> String {
    let slug = |key: &str| fields.get(key).and_then(Value::as_str);
    let service = slug("service").map(|slug| label(lang, "service", slug).into_owned()).unwrap_or_default();
    let exit = match fields.get("exit") {
        Some(Value::Object(exit)) => format!("[{}]", end_of(exit)),
        _ => String::new(),
    };
    let category = slug("category").map(|slug| label(lang, "category-short", slug).into_owned());
    let words =
        [end_of(inside), "–".to_owned(), end_of(outside), service, exit, category.unwrap_or_default()];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An end of a connection or an exit: its name, maker and address, as far as known.
fn end_of(end: &Map<String, Value>) -> String {
    let known = |key: &&str| end.get(*key).and_then(Value::as_str).map(str::to_owned);
    let address = if end.contains_key("vendor") { ["name", "vendor", "mac"] } else { ["name", "ip", ""] };
    address.iter().filter_map(known).collect::<Vec<_>>().join(" ")
}

/// A value as it stands; a time in the zone of the reader.
fn plain(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::String(word) => word.parse::<Timestamp>().map_or_else(
            |_| word.clone(),
            |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        ),
        Value::Array(values) => values.iter().map(|value| plain(value, zone)).collect::<Vec<_>>().join(" "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
