//! The options of what people declare, ask and compare, in the words of clap.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use sekisho_api::Hours;

/// What is declared of a connection.
#[derive(Args, Debug)]
pub struct Register {
    /// 接続番号（connections の一覧の番号） / The connection's number in the list
    #[arg(value_name = "NUMBER")]
    pub number: i64,

    /// 承認した人 / Who approves
    #[arg(long, value_name = "NAME")]
    pub by: String,

    /// 接続の名称・用途 / What it is called or for
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,

    /// 院内の管理担当（部署・氏名） / Who in the hospital answers for it
    #[arg(long, value_name = "TEXT")]
    pub owner: Option<String>,

    /// 接続先の事業者 / The company at the other end
    #[arg(long, value_name = "TEXT")]
    pub vendor: Option<String>,

    /// 事業者の保守窓口・緊急連絡先 / Whom to call there
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,

    /// 契約の最終日 / The contract's last day
    #[arg(long, value_name = "DATE")]
    pub contract_end: Option<Date>,

    /// 許可する時間帯（例 "平日 9:00-17:00"） / When it may be used, such as "Mon-Fri 9:00-17:00"
    #[arg(long, value_name = "HOURS", value_parser = hours)]
    pub hours: Option<Hours>,

    /// 登録の最終日（既定は契約の最終日） / The registration's last day
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,

    /// 備考 / A note
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// What is taken back.
#[derive(Args, Debug)]
pub struct Unregister {
    /// 接続番号、または登録ID / The connection's number, or the registration's ID
    #[arg(value_name = "NUMBER|ID")]
    pub what: String,

    /// 取り消した人 / Who takes it back
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

/// A list to be imported.
#[derive(Args, Debug)]
pub struct ImportList {
    /// 病院の外部接続先一覧（.xlsx または .csv） / The hospital's own list
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// 取り込んだ人 / Who imports it
    #[arg(long, value_name = "NAME", required_unless_present = "dry_run")]
    pub by: Option<String>,

    /// 読み取り結果だけを示し、台帳を変えない / Shows what would be taken for what, and changes nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// An inquiry.
#[derive(Args, Debug)]
pub struct InquiryAdd {
    /// 接続番号 / The connection that it is about
    #[arg(long, value_name = "NUMBER")]
    pub connection: Option<i64>,

    /// 質問・確認内容 / What is asked or checked
    #[arg(long, value_name = "TEXT")]
    pub question: String,

    /// 対象（部署・事業者・担当者） / Who is asked
    #[arg(long, value_name = "TEXT")]
    pub to: String,

    /// 調査方法 / How
    #[arg(long, value_name = "SLUG", default_value = "interview",
          value_parser = PossibleValuesParser::new(METHODS))]
    pub method: String,

    /// 実施者 / Who asks
    #[arg(long, value_name = "NAME")]
    pub by: String,

    /// 質問した日（既定は今） / The day it was asked; now if not given
    #[arg(long, value_name = "DATE")]
    pub asked: Option<Date>,

    /// 回答期限（既定は7日後） / The day the answer is due; seven days on if not given
    #[arg(long, value_name = "DATE")]
    pub due: Option<Date>,

    /// 工数（時間） / Hours spent
    #[arg(long, value_name = "HOURS", value_parser = effort)]
    pub hours: Option<u32>,
}

/// What came of an inquiry.
#[derive(Args, Debug)]
pub struct InquiryAnswer {
    /// 調査番号 / The inquiry's number
    #[arg(value_name = "NUMBER")]
    pub number: i64,

    /// 回答・判明事項 / The answer, or what was found
    #[arg(long, value_name = "TEXT")]
    pub answer: Option<String>,

    /// 結果 / What came of it
    #[arg(long, value_name = "SLUG", value_parser = PossibleValuesParser::new(OUTCOMES))]
    pub outcome: Option<String>,

    /// 回答日（既定は今日） / The day the answer came; today if not given
    #[arg(long, value_name = "DATE")]
    pub answered: Option<Date>,

    /// 次回予定 / What is done next, and when
    #[arg(long, value_name = "TEXT")]
    pub next: Option<String>,

    /// 証跡のファイル。名前と SHA-256 だけを台帳に残す / A file that proves it; its name and SHA-256 are kept
    #[arg(long, value_name = "FILE")]
    pub evidence: Vec<PathBuf>,

    /// 追加の工数（時間） / More hours spent
    #[arg(long, value_name = "HOURS", value_parser = effort)]
    pub hours: Option<u32>,

    /// 記入者 / Who notes it
    #[arg(long, value_name = "NAME")]
    pub by: String,
}

/// Two visits.
#[derive(Args, Debug)]
pub struct Diff {
    /// 前回の訪問日。この日より後の変化を示す / The last visit: changes after this day
    #[arg(long, value_name = "DATE")]
    pub since: Date,

    /// 今回の訪問日（既定は今） / This visit; now if not given
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,

    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,

    /// 一般インターネットも出す / With the general Internet
    #[arg(long)]
    pub all: bool,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ListFormat {
    /// 画面向けの表 / A table for the screen
    Table,
    /// JSON
    Json,
    /// CSV（Excel で開けます） / CSV that Excel opens
    Csv,
}

/// How people ask.
const METHODS: [&str; 3] = ["interview", "documents", "walk-through"];
/// What people say of an answer.
const OUTCOMES: [&str; 3] = ["answered", "in-part", "not-applicable"];
/// More hours than anybody spends on one inquiry.
const MAX_EFFORT_HOURS: f64 = 10_000.0;

fn hours(text: &str) -> Result<Hours, String> {
    text.parse()
        .map_err(|_| "\"平日 9:00-17:00\" のように / write hours as \"Mon-Fri 9:00-17:00\"".to_owned())
}

/// Reads hours of work as minutes.
fn effort(text: &str) -> Result<u32, String> {
    let hours = text.parse::<f64>().ok().filter(|hours| (0.0..=MAX_EFFORT_HOURS).contains(hours));
    #[expect(clippy::cast_sign_loss, reason = "checked to be positive and small")]
    let minutes = hours.map(|hours| (hours * 60.0).round() as u32);
    minutes.ok_or_else(|| "1.5 のように / write hours as 1.5".to_owned())
}
