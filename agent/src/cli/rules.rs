//! What `explain` and `rules` take.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sekisho_enrich::Prefix;

use super::Place;

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// 番号、IPアドレスまたは名前 / Its number in the list, an address or a name
    #[arg(value_name = "CONNECTION")]
    pub(crate) connection: String,

    /// 台帳 / The ledger
    #[arg(long, value_name = "PATH", conflicts_with = "files")]
    pub(crate) db: Option<PathBuf>,

    /// この施設だけ / Only this site
    #[arg(long, value_name = "NAME", requires = "db")]
    pub(crate) site: Option<String>,

    /// 院内のアドレス範囲 / What is inside; given, exactly these prefixes
    #[arg(long, value_name = "CIDR", conflicts_with = "db")]
    pub(crate) internal: Vec<Prefix>,

    /// 追加の判定ルールのフォルダー（既定は /etc/sekisho/rules.d） / A folder of further rules
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,

    /// キャプチャファイル / Capture files
    #[arg(required_unless_present = "db", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// 使われるルールを一覧する / Lists the rules in use
    List(RulesList),
    /// 施設のルールに誤りがないか確かめる / Checks a site's own rules: which line is wrong, and what to do
    #[command(after_help = "\
例 / Examples:
  sekisho-agent rules check /etc/sekisho/rules.d

終了コード / Exit codes: 0 誤りなし sound, 2 誤りあり not sound")]
    Check(RulesCheck),
    /// ルールを過去の記録で試す（台帳は変えない） / Tries rules on what a ledger holds, and changes nothing
    #[command(after_help = "\
例 / Examples:
  sekisho-agent rules test ours.toml --db ledger.db
  sekisho-agent rules test /etc/sekisho/rules.d --db ledger.db --lang en")]
    Test(RulesTest),
}

#[derive(Args, Debug)]
pub(crate) struct RulesList {
    /// 追加の判定ルールのフォルダー（既定は /etc/sekisho/rules.d） / A folder of further rules
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RulesCheck {
    /// ルールのフォルダーまたはファイル / A folder of rules, or one file
    #[arg(value_name = "DIR")]
    pub(crate) path: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct RulesTest {
    /// 試すルールのファイルまたはフォルダー / The file or folder of rules to try
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) place: Place,

    /// 今使っている追加ルールのフォルダー（既定は /etc/sekisho/rules.d） / The folder of further rules in use
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
}
