//! Lays the rule files out as one JSON text that the program parses at its start: TOML takes several times
//! as long, and vectors are for tests. Nothing is checked here; loading checks, and tests hold every vector.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Map, Value};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=data");
    let data = Path::new("data");
    let mut rules = BTreeMap::new();
    read(data, data, &mut rules)?;
    // What a device's SNMP objects tell has a form of its own.
    let (devices, rules): (BTreeMap<_, _>, BTreeMap<_, _>) =
        rules.into_iter().partition(|(id, _): &(String, _)| id.starts_with("device/"));
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("rules.json"), serde_json::to_string(&rules)?)?;
    fs::write(out.join("devices.json"), serde_json::to_string(&devices)?)?;
    Ok(())
}

fn read(root: &Path, folder: &Path, rules: &mut BTreeMap<String, Value>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(root, &path, rules)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            let text = fs::read_to_string(&path)?;
            let mut rule: toml::Table =
                text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
            rule.remove("vector");
            let id = path.strip_prefix(root)?.with_extension("");
            let id = id.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            rules.insert(id, json(toml::Value::Table(rule)));
        }
    }
    Ok(())
}

/// The same value; a day becomes its text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(fields) => {
            let field = |(key, value)| (key, json(value));
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
    }
}
