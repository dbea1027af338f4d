//! What `poll` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Args, Debug)]
pub(crate) struct Poll {
    /// 問い合わせる機器（IP アドレス、または IP:ポート） / A device to ask, by address, with a port if it is not 161
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<String>,

    /// 問い合わせる範囲（--db も必要）。各アドレスに尋ねる / A subnet each address of which is asked; needs --db
    #[arg(long, value_name = "CIDR")]
    pub(crate) subnet: Vec<String>,

    /// 台帳にあるネットワーク機器に問い合わせる / Asks the network equipment in the ledger
    #[arg(long, requires = "db")]
    pub(crate) equipment: bool,

    /// 機器の種別を知るための台帳 / A ledger that tells what devices are
    #[arg(long, value_name = "PATH")]
    pub(crate) db: Option<PathBuf>,

    /// 台帳のこの施設。読み取った構成を map のために残す / This site of the ledger, which keeps what was read for `map`
    #[arg(long, value_name = "NAME", requires = "db")]
    pub(crate) site: Option<String>,

    /// コミュニティ名を書いたファイル（SNMPv2c）。1行に1つ、順に試す / A file with the community, or several, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) community_file: Option<PathBuf>,

    /// SNMPv1 で問い合わせる / Speaks SNMPv1 with the community
    #[arg(long, requires = "community_file")]
    pub(crate) v1: bool,

    /// SNMPv3 のユーザーを書いたファイル。両方あれば先に試す / A file with a user of SNMPv3, who is tried first
    #[arg(long, value_name = "FILE")]
    pub(crate) user_file: Option<PathBuf>,

    /// 1台あたり毎秒何回まで尋ねるか / Requests a second to one device, at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rate: u32,

    /// 応答を待つ秒数 / Seconds to wait for an answer
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) timeout: u64,

    /// 応答がないとき尋ね直す回数 / How often a question is repeated
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(crate) retries: u32,

    /// 追加の判定ルールのフォルダー（既定は /etc/sekisho/rules.d） / A folder of further rules; those of devices are in its `device/`
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,

    /// 何も送らず、問い合わせる相手だけを示す / Sends nothing; lists who would be asked
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// 機器の代わりに snmpsim 形式の記録を読む / Reads recordings as snmpsim writes them instead of devices
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "subnet", "equipment"], num_args = 1..)]
    pub(crate) recording: Vec<PathBuf>,

    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = PollFormat::Table)]
    pub(crate) format: PollFormat,

    /// 出力先（既定は標準出力） / Writes there instead of to standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum PollFormat {
    /// 表 / A table
    Table,
    /// JSON
    Json,
}
