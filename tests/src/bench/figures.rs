//! From what each round used to the rows of a table.

use super::child::{End, Usage};

/// The head of the table.
const HEAD: [&str; 6] =
    ["program", "does", "M packets per CPU second", "CPU s", "Sekisho is so many times as fast", "peak MiB"];

/// What a program did in all rounds.
#[derive(Debug)]
pub struct Row {
    /// Its name, with its version where known.
    pub name: String,
    /// What it does with the packets.
    pub does: String,
    /// How many packets it read in a round.
    pub packets: u64,
    /// The rounds in their order; `None` where it is not installed, or was left out after a failure.
    pub rounds: Vec<Option<Usage>>,
    /// The package to install, where it is not installed.
    pub missing: Option<&'static str>,
}

impl Row {
    /// Gives the packets per processor second of the rounds that ended well.
    fn rates(&self) -> Vec<Option<f64>> {
        let rate = |usage: &Usage| {
            (usage.end == End::Done && usage.cpu_s > 0.0).then(|| self.packets as f64 / usage.cpu_s)
        };
        self.rounds.iter().map(|round| round.as_ref().and_then(rate)).collect()
    }

    /// Why there is no figure.
    fn reason(&self) -> Option<String> {
        if let Some(package) = self.missing {
            return Some(format!("not installed (package {package})"));
        }
        let mut ends = self.rounds.iter().flatten().map(|usage| &usage.end);
        let bad = ends.find(|end| **end != End::Done);
        match bad {
            Some(End::Failed(why)) => Some(format!("failed: {why}")),
            Some(End::Over(seconds)) => Some(format!("over {seconds} s")),
            Some(End::Done) | None if self.rates().iter().all(Option::is_none) => Some("no round".to_owned()),
            Some(End::Done) | None => None,
        }
    }

    fn cells(&self, sekisho: &[Option<f64>]) -> [String; 6] {
        let [name, does] = [self.name.clone(), self.does.clone()];
        if let Some(reason) = self.reason() {
            return [name, does, reason, String::new(), String::new(), String::new()];
        }
        let rates = self.rates();
        let done: Vec<f64> = rates.iter().flatten().map(|rate| rate / 1e6).collect();
        let cpu: Vec<f64> = self.rounds.iter().flatten().map(|usage| usage.cpu_s).collect();
        let peak = self.rounds.iter().flatten().map(|usage| usage.peak_mib).fold(0.0, f64::max);
        // Round against round: what disturbs the machine for a while disturbs both.
        let ratios: Vec<f64> =
            sekisho.iter().zip(&rates).filter_map(|(ours, theirs)| Some((*ours)? / (*theirs)?)).collect();
        let (low, high) = ends(&done);
        [
            name,
            does,
            format!("{:.3} ({low:.3}–{high:.3})", median(&done)),
            format!("{:.2}", median(&cpu)),
            if ratios.is_empty() { String::new() } else { format!("{:.2}", median(&ratios)) },
            format!("{peak:.0}"),
        ]
    }
}

/// Gives the table for a screen; the first row is Sekisho's.
#[must_use]
pub fn text(rows: &[Row]) -> String {
    let cells = cells(rows);
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &cells {
        let line: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text += line.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// Gives the table in Markdown; the first row is Sekisho's.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut lines: Vec<String> =
        cells(rows).iter().map(|row| format!("| {} |", row.join(" | ").replace('\n', " "))).collect();
    lines.insert(1, "|---|---|---|---|---|---|".to_owned());
    lines.join("\n") + "\n"
}

fn cells(rows: &[Row]) -> Vec<[String; 6]> {
    let sekisho = rows.first().map(Row::rates).unwrap_or_default();
    let mut cells = vec![HEAD.map(str::to_owned)];
    cells.extend(rows.iter().map(|row| row.cells(&sekisho)));
    cells
}

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, 0.0), |(low, high), value| (low.min(*value), f64::max(high, *value)))
}

/// The middle value, or the mean of the two.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[half],
        _ => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, rounds: &[(f64, End)]) -> Row {
        let rounds = rounds.iter().map(|(cpu_s, end)| {
            Some(Usage { cpu_s: *cpu_s, wall_s: *cpu_s, peak_mib: 12.0, end: end.clone() })
        });
        Row {
            name: name.to_owned(),
            does: "flows".to_owned(),
            packets: 4_000_000,
            rounds: rounds.collect(),
            missing: None,
        }
    }

    #[test]
    fn rounds_become_median_range_and_ratio() {
        let ours = row("sekisho", &[(1.0, End::Done), (2.0, End::Done), (4.0, End::Done)]);
        let theirs = row("peer", &[(4.0, End::Done), (8.0, End::Done), (8.0, End::Done)]);
        let cells = cells(&[ours, theirs]);
        assert_eq!(cells[1][2..], ["2.000 (1.000–4.000)", "2.00", "1.00", "12"]);
        // Round against round: 4, 4 and 2.
        assert_eq!(cells[2][2..], ["0.500 (0.500–1.000)", "8.00", "4.00", "12"]);
    }

    #[test]
    fn what_did_not_end_well_is_never_a_number() {
        let ours = row("sekisho", &[(1.0, End::Done)]);
        let failed =
            row("peer", &[(1.0, End::Done), (0.1, End::Failed("status 1: no such file".to_owned()))]);
        let slow = row("peer", &[(60.0, End::Over(60))]);
        let missing = Row { missing: Some("argus-server"), ..row("argus", &[]) };
        let table = markdown(&[ours, failed, slow, missing]);
        let lines: Vec<&str> = table.lines().skip(3).collect();
        assert_eq!(lines[0], "| peer | flows | failed: status 1: no such file |  |  |  |");
        assert_eq!(lines[1], "| peer | flows | over 60 s |  |  |  |");
        assert_eq!(lines[2], "| argus | flows | not installed (package argus-server) |  |  |  |");
    }
}
