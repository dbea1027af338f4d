//! Permitted hours as a hospital writes them: `平日 9:00-17:00`, `月水金 22-6、土 終日`, `Mon-Fri 9-17`.
//!
//! Days, then a span of times; several are parted by a comma, a semicolon or a line. Days without times
//! belong to the next times, times without days to every day, and days at the end to the whole day. The
//! ledger counts by hours, so an hour is permitted if any minute of it is.

use std::fmt;
use std::str::FromStr;

use jiff::Zoned;
use serde::{Deserialize, Serialize};

/// More is no list of hours.
const MAX_CHARS: usize = 200;
/// Every hour of a day.
const WHOLE_DAY: u32 = (1 << 24) - 1;
const MINUTES_A_DAY: u16 = 24 * 60;
/// The days' names, Monday first; those of one day in any of the rows.
const DAYS: [&[&str]; 7] = [
    &["monday", "mon", "月曜日", "月曜", "月"],
    &["tuesday", "tue", "火曜日", "火曜", "火"],
    &["wednesday", "wed", "水曜日", "水曜", "水"],
    &["thursday", "thu", "木曜日", "木曜", "木"],
    &["friday", "fri", "金曜日", "金曜", "金"],
    &["saturday", "sat", "土曜日", "土曜", "土"],
    &["sunday", "sun", "日曜日", "日曜", "日"],
];
/// Names of several days: bits from Monday on.
const GROUPS: [(&str, u8); 6] =
    [("weekdays", 0x1f), ("weekends", 0x60), ("平日", 0x1f), ("週末", 0x60), ("毎日", 0x7f), ("daily", 0x7f)];
/// Names of the whole day.
const WHOLE: [&str; 6] = ["24時間365日", "24時間", "終日", "常時", "24h", "always"];

/// The hours of a week in which a connection may be used.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    text: String,
    /// By day from Monday on, a bit an hour.
    week: [u32; 7],
}

/// A text that tells no hours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotHours;

impl fmt::Display for NotHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not hours such as `Mon-Fri 9:00-17:00`")
    }
}

impl std::error::Error for NotHours {}

impl Hours {
    /// Tells whether a local time lies in a permitted hour.
    #[must_use]
    pub fn permit(&self, at: &Zoned) -> bool {
        let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0);
        let hour = u32::try_from(at.hour()).unwrap_or(0);
        self.week.get(day).is_some_and(|hours| hours & (1 << hour) != 0)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.text
    }
}

impl TryFrom<String> for Hours {
    type Error = NotHours;

    fn try_from(text: String) -> Result<Self, NotHours> {
        text.parse()
    }
}

impl FromStr for Hours {
    type Err = NotHours;

    fn from_str(text: &str) -> Result<Self, NotHours> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_CHARS {
            return Err(NotHours);
        }
        let plain = narrow(text);
        let (mut week, mut days) = ([0_u32; 7], 0_u8);
        for part in plain.split([',', ';', '\n', '、', '/']).map(str::trim).filter(|part| !part.is_empty()) {
            let mut rest = part;
            while let Some((named, after)) = some_days(rest) {
                days |= named;
                rest = after.trim_start();
            }
            if rest.is_empty() {
                continue;
            }
            let times = times(rest)?;
            add(&mut week, if days == 0 { 0x7f } else { days }, times);
            days = 0;
        }
        if days != 0 {
            add(&mut week, days, (0, MINUTES_A_DAY));
        }
        if week == [0; 7] { Err(NotHours) } else { Ok(Self { text: text.to_owned(), week }) }
    }
}

/// Writes wide digits and signs as narrow ones, in small letters.
fn narrow(text: &str) -> String {
    let one = |letter: char| match letter {
        '～' | '〜' | '~' | '－' | '–' | '—' | '―' | 'ー' | '−' | '‐' => '-',
        '，' => ',',
        '　' | '・' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter).to_ascii_lowercase()
        }
        _ => letter.to_ascii_lowercase(),
    };
    text.chars().map(one).collect::<String>().replace("から", "-").replace("まで", "")
}

/// Takes the name of a day, of several, or a span of days.
fn some_days(text: &str) -> Option<(u8, &str)> {
    if let Some((days, rest)) = GROUPS.iter().find_map(|(name, days)| Some((*days, text.strip_prefix(name)?)))
    {
        return Some((days, rest));
    }
    let (first, rest) = day(text)?;
    let spans = rest.trim_start().strip_prefix('-').and_then(|after| day(after.trim_start()));
    let Some((last, rest)) = spans else { return Some((1 << first, rest)) };
    let mut days = 0;
    let mut at = first;
    loop {
        days |= 1 << at;
        if at == last {
            return Some((days, rest));
        }
        at = (at + 1) % 7;
    }
}

fn day(text: &str) -> Option<(u8, &str)> {
    (0..).zip(DAYS).find_map(|(day, names)| {
        let rest = names.iter().find_map(|name| text.strip_prefix(name))?;
        Some((day, rest))
    })
}

/// Reads a span of times, in minutes of the day; the end may lie on the next.
fn times(text: &str) -> Result<(u16, u16), NotHours> {
    if WHOLE.contains(&text) {
        return Ok((0, MINUTES_A_DAY));
    }
    let (from, to) = text.split_once('-').ok_or(NotHours)?;
    let (from, to) = (minute(from)?, minute(to)?);
    if from >= MINUTES_A_DAY || from == to {
        return Err(NotHours);
    }
    Ok((from, if to < from { to + MINUTES_A_DAY } else { to }))
}

fn minute(text: &str) -> Result<u16, NotHours> {
    let text = text.trim().trim_end_matches('分').replace('時', ":");
    let (hours, minutes) = text.split_once(':').unwrap_or((&text, ""));
    let number = |text: &str| match text.trim() {
        "" => Ok(0),
        "半" => Ok(30),
        digits => digits.parse::<u16>().map_err(|_| NotHours),
    };
    if hours.trim().is_empty() {
        return Err(NotHours);
    }
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 24 || minutes > 59 || (hours == 24 && minutes > 0) {
        return Err(NotHours);
    }
    Ok(hours * 60 + minutes)
}

fn add(week: &mut [u32; 7], days: u8, (from, to): (u16, u16)) {
    // The hours from `from` on, of which those past midnight are the next day's.
    let hours: u64 = (from / 60..to.div_ceil(60)).map(|hour| 1_u64 << hour).sum();
    for day in (0..7_usize).filter(|day| days & (1 << day) != 0) {
        for (at, of_day) in [(day, hours & u64::from(WHOLE_DAY)), ((day + 1) % 7, hours >> 24)] {
            if let Some(known) = week.get_mut(at) {
                *known |= u32::try_from(of_day).unwrap_or(WHOLE_DAY);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(hours: &str, local: &str) -> bool {
        let at: Zoned = format!("{local}[Asia/Tokyo]").parse().unwrap();
        hours.parse::<Hours>().unwrap().permit(&at)
    }

    #[test]
    fn hours_are_read_as_hospitals_write_them() {
        // (hours, a time within, a time beyond); 2026-03-02 is a Monday
        let cases = [
            ("平日 9:00-17:00", "2026-03-02T09:00", "2026-03-02T17:00"),
            ("平日 9:00-17:00", "2026-03-06T16:59", "2026-03-07T10:00"),
            ("月～金　９：００～１７：３０", "2026-03-03T17:29", "2026-03-03T18:00"),
            ("月水金 9時-17時", "2026-03-04T12:00", "2026-03-03T12:00"),
            ("22:00-6:00", "2026-03-03T05:00", "2026-03-03T06:00"),
            ("日 22-6", "2026-03-02T05:00", "2026-03-03T05:00"),
            ("Mon-Fri 9-17, Sat 9-12", "2026-03-07T11:00", "2026-03-07T12:00"),
            ("Mon,Wed 9-17", "2026-03-04T09:00", "2026-03-03T09:00"),
            ("土日 終日", "2026-03-08T03:00", "2026-03-09T03:00"),
            ("土日", "2026-03-08T03:00", "2026-03-09T03:00"),
            ("9時半から17時まで", "2026-03-08T09:00", "2026-03-08T17:00"),
        ];
        for (hours, within, beyond) in cases {
            assert!(permits(hours, within), "{hours} does not permit {within}");
            assert!(!permits(hours, beyond), "{hours} permits {beyond}");
        }
        assert!(permits("24時間", "2026-03-08T03:00") && permits("毎日 0-24", "2026-03-08T23:00"));
    }

    #[test]
    fn what_tells_no_hours_is_refused() {
        let long = "月".repeat(MAX_CHARS + 1);
        for text in ["", " ", "要相談", "9-", "25:00-26:00", "9:60-10:00", "9-9", "月曜 午前", "=1+1", &long]
        {
            assert_eq!(text.parse::<Hours>(), Err(NotHours), "{text}");
        }
    }
}
