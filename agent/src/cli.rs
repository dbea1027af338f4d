//! The command line: what can be asked, in the words of clap; help teaches by example.

mod import_text;
mod map;
mod poll;
mod rules;
mod sync;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sekisho_api::{CATEGORIES, GENERAL_INTERNET};
use sekisho_desk as desk;
use sekisho_enrich::Prefix;
use sekisho_report::Lang;

pub(crate) use import_text::ImportText;
pub(crate) use map::Map;
pub(crate) use poll::{Poll, PollFormat};
pub(crate) use rules::{Explain, RulesArgs, RulesCheck, RulesCommand, RulesList, RulesTest};
pub(crate) use sekisho_desk::ListFormat;
pub(crate) use sync::{Bundle, Enrol, Import, SyncArgs};

use crate::run::config::{DEFAULT_PATH, DEFAULT_SOCKET, MIN_MAX_MEMORY};

const EXAMPLES: &str = "\
例 / Examples:
  ミラーポートのキャプチャから外部接続先を一覧する
  List the external connections in a capture of a mirror port
      sekisho-agent analyze mirror.pcapng

  台帳に記録し、あとから一覧・履歴を見る
  Record into a ledger, then list and look back
      sekisho-agent analyze --db ledger.db --site minato-hospital day1.pcap.gz day2.pcap.gz
      sekisho-agent connections --db ledger.db
      sekisho-agent history --db ledger.db

  ミラーポートとして正しく見えているかを確かめる
  Check that the capture is of a real mirror port
      sekisho-agent doctor mirror.pcapng

  外部接続先一覧・調査履歴・機器台帳を Excel で出す
  Write the external-connection list, its survey history and the device ledger for Excel
      sekisho-agent connections --db ledger.db --format xlsx -o 外部接続先一覧.xlsx

終了コード / Exit codes: 0 成功 success, 1 失敗 failure, 2 使い方の誤り・キャプチャではないファイル usage, not a capture";

/// 病院の外部接続を一覧にする / Lists a hospital's external connections
#[derive(Debug, Parser)]
#[command(name = "sekisho-agent", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// 表示言語 / Language of what is shown
    #[arg(long, value_enum, default_value_t = Language::Ja, global = true)]
    pub(crate) lang: Language,

    /// 記録を詳しくする（-v 情報、-vv デバッグ、-vvv トレース） / Logs more, on standard error
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Language {
    /// 日本語
    Ja,
    /// English
    En,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::Ja => Self::Ja,
            Language::En => Self::En,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// キャプチャファイルを解析する / Analyses capture files (pcap, pcapng; also gzip, zstd; - for standard input)
    #[command(after_help = "\
例 / Examples:
  sekisho-agent analyze mirror.pcap
  sekisho-agent analyze --internal 10.0.0.0/8 --internal 2001:db8:1::/48 mirror.pcap
  sekisho-agent analyze --format json mirror.pcap.zst > analysis.json
  ssh tap tcpdump -w - | sekisho-agent analyze -")]
    Analyze(Analyze),
    /// 台帳の外部接続先を一覧する / Lists the external connections in a ledger
    #[command(after_help = "\
例 / Examples:
  sekisho-agent connections --db ledger.db
  sekisho-agent connections --db ledger.db --category modality-maintenance --lang en
  sekisho-agent connections --db ledger.db --tunnels --format csv -o tunnels.csv")]
    Connections(Connections),
    /// 台帳の機器を一覧する / Lists the devices in a ledger
    Devices(Listing),
    /// 台帳の出口（院外への中継装置）を一覧する / Lists the exits: the gateways that carry off-site traffic
    Exits(Listing),
    /// 台帳の変更履歴を一覧する / Lists the ledger's history: appeared, gone silent, changed exit
    History(History),
    /// 貼り付けた show コマンドの出力を台帳に取り込む / Reads pasted show output of network equipment into a ledger
    #[command(after_help = "\
例 / Examples:
  sekisho-agent import-text core01.txt --dry-run
  sekisho-agent import-text *.txt --db ledger.db --site minato-hospital

Yamaha、Cisco、AlaxalA、APRESIA、アライドテレシス、NEC UNIVERGE IX、Fortinet を内容から見分けます
パスワード・事前共有鍵・コミュニティ名などを含む行は読み取り時に捨て、保存も表示もしません
Makers are told by the content. Lines that may hold a password, key or community are dropped at reading")]
    ImportText(ImportText),
    /// 台帳からネットワーク概要図を描く / Draws the network map of a ledger's site
    #[command(after_help = "\
例 / Examples:
  sekisho-agent map --db ledger.db -o ネットワーク概要図.svg
  sekisho-agent map --db ledger.db --site minato-hospital -o map.drawio
  sekisho-agent map --db ledger.db --hide sw1 sw7 --draw sw3 地下倉庫のハブ -o map.svg

機器は名前、IP アドレス、MAC アドレスで指定します。固定・非表示・手書きは次の調査でも残ります
Name equipment by its name, address or MAC. What is pinned, hidden or drawn stays in the next survey")]
    Map(Map),
    /// 接続を登録（承認）する / Registers a connection: the hospital knows of it and approves
    #[command(after_help = "\
例 / Examples:
  sekisho-agent register 7 --db ledger.db --owner 放射線科 --vendor 医用機器株式会社 --contact 03-0000-0000 \
    --hours '平日 9:00-17:00' --until 2027-03-31 --by 細田

もう一度実行すると、書いた項目だけが変わります。登録は過去の通信にも効きます
Run again, it changes what is given; a registration applies to the past, too")]
    Register(Box<At<desk::Register>>),
    /// 登録を取り消す / Takes a registration back
    Unregister(At<desk::Unregister>),
    /// 登録を一覧する / Lists the registrations
    Registrations(Listing),
    /// 病院の外部接続先一覧（xlsx・CSV）を取り込む / Imports the hospital's own list
    #[command(after_help = "\
例 / Examples:
  sekisho-agent import-list 外部接続一覧.xlsx --db ledger.db --dry-run
  sekisho-agent import-list list.csv --db ledger.db --site minato-hospital --by 細田

このプログラムが出した Excel に記入して取り込むこともできます
The workbook that this program writes can be filled in and imported, too")]
    ImportList(At<desk::ImportList>),
    /// 調査（問い合わせ）と回答を記録する / Notes inquiries and what came of them
    #[command(after_help = "\
例 / Examples:
  sekisho-agent inquiry add --db ledger.db --connection 7 --to 医用機器株式会社 --question 回線の用途は --by 細田
  sekisho-agent inquiry answer 1 --db ledger.db --answer CTの保守 --outcome answered --evidence 回答.pdf --by 細田
  sekisho-agent inquiry list --db ledger.db")]
    Inquiry(InquiryArgs),
    /// 前回の訪問との違いを示す / Shows what is different since the last visit
    Diff(At<desk::Diff>),
    /// 台帳をブラウザーで見る（HTTPS） / Shows a ledger to a browser, by HTTPS
    #[command(after_help = "\
例 / Examples:
  sekisho-agent console --db ledger.db
  sekisho-agent console --db ledger.db --listen 192.0.2.10:8443

最初の起動で証明書を作り、その指紋と、パスワードを設定するための一度だけのコードを表示します
The first start makes a certificate and prints its fingerprint, and a code, good for once, to set the password")]
    Console(Console),
    /// ミラーポートとして正しく見えているかを確かめる / Checks whether a capture is of a real mirror port, and what to change
    #[command(after_help = "\
例 / Examples:
  sekisho-agent doctor mirror.pcapng
  sudo sekisho-agent doctor --interface eth1 --seconds 60

終了コード / Exit codes: 0 使える（良好・要確認） usable (good, doubtful), 1 使えない・判定できない bad, too little to tell")]
    Doctor(Doctor),
    /// なぜその判定になったかを示す / Shows why a connection stands in the list as it does: facts, reasons, rules, verdict
    #[command(after_help = "\
例 / Examples:
  sekisho-agent explain 7 --db ledger.db
  sekisho-agent explain 7 mirror.pcapng --lang en
  sekisho-agent explain vpn5.vendor9.example --db ledger.db

接続は一覧の番号、IPアドレス、名前で指定します（ファイルでは analyze --all の一覧の番号）
Name the connection by its number in the list, an address or a name (of files: its number in analyze --all)")]
    Explain(Explain),
    /// 判定ルールを一覧・確認し、台帳で試す / Lists the rules, checks a site's own, and tries them on a ledger
    Rules(RulesArgs),
    /// ネットワーク機器に SNMP で問い合わせる（読み取りだけ） / Asks network equipment over SNMP; reads only
    #[command(after_help = "\
例 / Examples:
  sekisho-agent poll --target 192.0.2.1 --community-file /etc/sekisho/community
  sekisho-agent poll --subnet 192.0.2.0/24 --community-file ./community --dry-run
  sekisho-agent poll --target 192.0.2.1 --user-file ./user.toml --format json
  sekisho-agent poll --equipment --db ledger.db --site minato-hospital --community-file ./community
  sekisho-agent poll --recording switch.snmprec

指定したアドレス以外には何も送りません。医療機器には --target で名指ししたときだけ送ります
Nothing is sent to an address that is not given; medical devices are asked only if named by --target

--user-file の例 / Example of --user-file (SNMPv3):
  user = \"sekisho\"
  auth = \"sha256\"            # md5 sha1 sha224 sha256 sha384 sha512
  auth_password = \"…\"
  privacy = \"aes128\"         # des aes128 aes192 aes256 aes192-blumenthal aes256-blumenthal
  privacy_password = \"…\"")]
    Poll(Poll),
    /// ミラーポートを監視し続け、台帳に記録する / Watches mirror ports and flow exports for weeks, and records
    #[command(after_help = "\
例 / Examples:
  sekisho-agent run
  sekisho-agent run --config ./agent.toml

SIGTERM で記録してから終了し、SIGHUP で設定を読み直します
SIGTERM records and stops; SIGHUP reads the configuration again")]
    Run(Run),
    /// コレクターに施設として登録する / Makes this box a site of a collector
    #[command(after_help = "\
例 / Examples:
  sekisho-agent enrol https://collector.example:8444 AB2C-DEF34-GHJ56
  sekisho-agent enrol --invitation invitation.json

コードはコレクターの sekisho-collector site add が表示します。1 回だけ、24 時間使えます
sekisho-collector site add prints the code; it is good once, for a day")]
    Enrol(Enrol),
    /// コレクターに差分を送り、決定を受け取る / Sends the collector what changed, and receives what was decided
    Sync(SyncArgs),
    /// 差分をファイルに書く（暗号化・署名） / Writes what changed to a file, encrypted and signed
    Bundle(Bundle),
    /// コレクターから届いたファイルを取り込む / Takes in a file that came back from the collector
    Import(Import),
    /// 設定ファイルを確認する / Checks a configuration: which line is wrong, and what to do
    #[command(after_help = "\
例 / Examples:
  sekisho-agent check-config
  sekisho-agent check-config ./agent.toml --lang en

終了コード / Exit codes: 0 誤りなし sound, 2 誤りあり not sound")]
    CheckConfig(CheckConfig),
    /// 動作中のエージェントの様子を見る / Shows how a running agent is: packets, drops, tables, the box
    #[command(after_help = "\
例 / Examples:
  sekisho-agent status
  sekisho-agent status --format json
  sekisho-agent status --socket /tmp/agent.sock --lang en")]
    Status(Status),
}

#[derive(Args, Debug)]
pub(crate) struct Console {
    /// 台帳 / The ledger
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,

    /// 待ち受けるアドレスとポート / The address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,

    /// 証明書とパスワードを置くフォルダー（既定は台帳の隣の console） / The folder of certificate and password
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// 設定ファイル / The configuration
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) config: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct CheckConfig {
    /// 設定ファイル / The configuration
    #[arg(value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) path: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// エージェントのソケット / The agent's socket
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET)]
    pub(crate) socket: PathBuf,

    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// 人向け / For people
    Text,
    /// JSON
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Analyze {
    /// 院内のアドレス範囲。指定すると、これだけを院内とみなす（IPv6 も忘れずに） / What is inside; given, exactly these prefixes
    #[arg(long, value_name = "CIDR")]
    pub(crate) internal: Vec<Prefix>,

    /// 結果を記録する台帳 / Records the result in this ledger
    #[arg(long, value_name = "PATH", requires = "site")]
    pub(crate) db: Option<PathBuf>,

    /// 台帳での施設名 / The site's name in the ledger
    #[arg(long, value_name = "NAME", requires = "db")]
    pub(crate) site: Option<String>,

    /// 追加の判定ルールのフォルダー / A folder of further rules, laid over the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,

    /// メモリの上限（例 256MiB）。あふれた通信は数えて早めに締める / Bounds the memory; what does not fit is ended early and counted
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub(crate) max_memory: Option<u64>,

    #[command(flatten)]
    pub(crate) form: Form,

    /// キャプチャファイル（- は標準入力） / Capture files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Place {
    /// 台帳 / The ledger
    #[arg(long, value_name = "PATH")]
    pub(crate) db: PathBuf,

    /// この施設だけ / Only this site
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
}

/// What is done in a ledger.
#[derive(Args, Debug)]
pub(crate) struct At<T: Args> {
    #[command(flatten)]
    pub(crate) what: T,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args, Debug)]
pub(crate) struct InquiryArgs {
    #[command(subcommand)]
    pub(crate) command: InquiryCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InquiryCommand {
    /// 調査（問い合わせ）を記録する / Notes an inquiry
    Add(At<desk::InquiryAdd>),
    /// 回答を記録する / Notes what came of it
    Answer(At<desk::InquiryAnswer>),
    /// 調査履歴を一覧する / Lists the inquiries
    List(Listing),
}

#[derive(Args, Debug)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) place: Place,

    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,

    /// 出力先（既定は標準出力） / Writes there instead of to standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) listing: Listing,

    /// 表に一般インターネットも出す / Shows the general Internet in the table, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub(crate) format: DoctorFormat,

    /// 出力先（既定は標準出力） / Writes there instead of to standard output
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,

    /// 監視用のインターフェース。ファイルの代わりに今の通信を確かめる / Watches this interface instead of reading files
    #[arg(short, long, value_name = "IF", conflicts_with = "files")]
    pub(crate) interface: Option<String>,

    /// 何秒間確かめるか / How long to watch, in seconds
    #[arg(long, value_name = "N", default_value_t = 30, requires = "interface",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,

    /// 対象の通信（tcpdump の書き方） / Only these frames, in tcpdump's language
    #[arg(long, value_name = "FILTER", requires = "interface")]
    pub(crate) filter: Option<String>,

    /// キャプチャファイル（- は標準入力） / Capture files
    #[arg(required_unless_present = "interface", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// 読むための文章 / Text to read
    Text,
    /// JSON
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Connections {
    #[command(flatten)]
    pub(crate) place: Place,

    /// この分類だけ / Only this category
    #[arg(long, value_name = "SLUG", value_parser = PossibleValuesParser::new(categories()))]
    pub(crate) category: Option<String>,

    /// このサービスだけ（例 ipsec） / Only this service
    #[arg(long, value_name = "SLUG")]
    pub(crate) service: Option<String>,

    /// この登録状態だけ / Only this status
    #[arg(long, value_name = "SLUG", value_parser = PossibleValuesParser::new(STATUSES))]
    pub(crate) status: Option<String>,

    /// トンネル・遠隔操作だけ / Only what can carry other traffic or a person's hands inwards
    #[arg(long)]
    pub(crate) tunnels: bool,

    /// 名称・アドレスなどに含まれる文字 / Only rows whose names or addresses contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,

    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Args, Debug)]
pub(crate) struct Form {
    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// 出力先（既定は標準出力） / Writes there instead of to standard output
    #[arg(short, long, value_name = "PATH", required_if_eq("format", "xlsx"))]
    pub(crate) output: Option<PathBuf>,

    /// 表に一般インターネットも出す / Shows the general Internet in the table, too
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// 画面向けの表 / A table for the screen
    Table,
    /// JSON
    Json,
    /// CSV（Excel で開けます） / CSV that Excel opens
    Csv,
    /// Excel ブック（-o が必要） / An Excel workbook; needs -o
    Xlsx,
}

/// How a connection stands to what the hospital declared.
const STATUSES: [&str; 6] = ["unregistered", "registered", "expired", "outside-hours", "unseen", "missing"];

/// Reads a bound on memory.
fn memory(text: &str) -> Result<u64, String> {
    let size = sekisho_sync::size(text).filter(|size| *size >= MIN_MAX_MEMORY);
    size.ok_or_else(|| {
        format!("64MiB 以上を 256MiB のように / write at least {}MiB, as 256MiB", MIN_MAX_MEMORY >> 20)
    })
}

fn categories() -> impl Iterator<Item = &'static str> {
    CATEGORIES.into_iter().chain([GENERAL_INTERNET])
}
