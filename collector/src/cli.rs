//! The command line, in the words of clap; help teaches by example.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sekisho_desk as desk;
use sekisho_report::Lang;

const EXAMPLES: &str = "\
例 / Examples:
  はじめに：CA と鍵をつくり、動かす
  First: make the CA and the keys, and run
      sekisho-collector init
      sekisho-collector run

  施設を加え、表示されたコードを現地で入力する
  Add a site; the code that is printed is typed at the box
      sekisho-collector site add minato-hospital
      sekisho-agent enrol https://collector.example:8444 AB2C-DEF34-GHJ56

  ネットワークに出られない施設：ファイルで届ける
  A site that may not reach out: by file
      sekisho-collector site add --offline -o invitation.json yama-clinic
      sekisho-collector import bundle.sekisho
      sekisho-collector answer yama-clinic -o answer.sekisho

  同期の時間帯を全施設に配る
  Hand the hours of the sync down to all sites
      sekisho-collector settings set sync.hours 22:00-06:00 --by 細田

  全施設の外部接続先
  The external connections of all sites
      sekisho-collector connections
      sekisho-collector connections --site minato-hospital --format xlsx -o list.xlsx

終了コード / Exit codes: 0 成功 success, 1 失敗 failure, 2 使い方の誤り usage";

/// 多くの施設の台帳を集める / Gathers the ledgers of many sites
#[derive(Debug, Parser)]
#[command(name = "sekisho-collector", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// 設定ファイル（既定の場所になければ、既定値で動く） / The configuration; without the default file, defaults
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// 表示言語 / Language of what is shown
    #[arg(long, value_enum, default_value_t = Language::Ja, global = true)]
    pub(crate) lang: Language,
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
    /// CA、鍵、台帳をつくる / Makes the CA, the keys and the ledger
    Init,
    /// 施設からの接続を受け続ける / Receives what sites send, until stopped
    Run,
    /// 施設を加え、一覧し、取り消し、消す / Adds, lists, revokes and removes sites
    Site(SiteArgs),
    /// 判定ルールを施設に配る / Hands rules of judgement down to sites
    Rules(RulesArgs),
    /// 箱の設定を施設に配る / Hands settings of boxes down to sites
    ///
    /// 配れる設定 / What can be handed down:
    /// internal（院内のアドレス範囲 / what is inside）、
    /// sync.every、sync.bandwidth、sync.hours（同期の間隔・速さ・時間帯 / how often, how fast, when it syncs）、
    /// snmp.subnets（SNMP の範囲。箱の設定ファイルの allow の中だけ / asked over SNMP, within the box's own `allow`）。
    /// 箱の設定ファイルに書かれた項目は、そのとおりのまま変わりません / What a box's own file states stays as it is.
    Settings(SettingsArgs),
    /// 施設から届いたファイルを取り込む / Takes in bundles that sites wrote
    Import(Import),
    /// 施設へ持ち帰るファイルをつくる / Writes what goes back to a site
    Answer(Answer),
    /// 施設から届いたキャプチャを一覧し、消す / Lists captures that came with bundles, and removes one
    ///
    /// キャプチャには患者の情報を含む通信がそのまま入っています。
    /// コレクターのユーザーだけが読める場所（state の下の captures）に置かれます。
    /// 見終えたら --remove で消してください。施設を消せば、その施設のものも消えます
    /// / A capture holds all that passed, patients' data included. It is kept where only the collector's user
    /// may read (`captures` below `state`); remove it once it was looked at. It goes with its site.
    Captures(Captures),
    /// 外部接続先を一覧する / Lists the external connections
    Connections(Connections),
    /// 機器を一覧する / Lists the devices
    Devices(Listing),
    /// 出口を一覧する / Lists the exits
    Exits(Listing),
    /// 変更履歴を一覧する / Lists the history
    History(Listing),
    /// 接続を登録（承認）する。施設にも届く / Registers a connection; the site is told
    Register(Box<OfSite<desk::Register>>),
    /// 登録を取り消す / Takes a registration back
    Unregister(OfSite<desk::Unregister>),
    /// 登録を一覧する / Lists the registrations
    Registrations(OfSite<Form>),
    /// 病院の外部接続先一覧を取り込む / Imports a hospital's own list
    ImportList(OfSite<desk::ImportList>),
    /// 調査（問い合わせ）を記録し、一覧する / Notes and lists inquiries
    Inquiry(InquiryArgs),
    /// 前回の訪問からの変化を示す / Shows what changed since the last visit
    Diff(OfSite<desk::Diff>),
    /// 施設ごとの受信の様子を見る / Shows how far each site has come
    Status,
    /// 設定ファイルを確認する / Checks the configuration
    CheckConfig,
    /// HTTP API の説明（OpenAPI）を出す / Prints the description of the HTTP API
    Openapi,
}

#[derive(Args, Debug)]
pub(crate) struct SiteArgs {
    #[command(subcommand)]
    pub(crate) command: SiteCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// 施設を加え、登録コードを表示する（24 時間有効） / Adds a site and prints a code, good for a day
    Add {
        /// 施設名 / The site's name
        name: String,
        /// ネットワークに出られない施設：招待ファイルをつくる / For a site that is never online: writes a file
        #[arg(long, requires = "output")]
        offline: bool,
        /// 招待ファイルの出力先 / Where the invitation goes
        #[arg(short, long, value_name = "PATH", requires = "offline")]
        output: Option<PathBuf>,
    },
    /// 施設を一覧する / Lists the sites
    List,
    /// 施設の接続をただちに止める / Refuses a site from the next request on
    Revoke {
        /// 施設名 / The site's name
        name: String,
    },
    /// 施設とその台帳を消す / Removes a site with all that is known of it
    Remove {
        /// 施設名 / The site's name
        name: String,
        /// 確認済み / Yes, all of it
        #[arg(long)]
        yes: bool,
    },
}

/// What is done for one site.
#[derive(Args, Debug)]
pub(crate) struct OfSite<T: Args> {
    #[command(flatten)]
    pub(crate) what: T,

    /// 施設名 / The site's name
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Option<String>,
}

/// How a list is written.
#[derive(Args, Debug)]
pub(crate) struct Form {
    /// 出力形式 / The form of the output
    #[arg(long, value_enum, default_value_t = desk::ListFormat::Table)]
    pub(crate) format: desk::ListFormat,
}

#[derive(Args, Debug)]
pub(crate) struct InquiryArgs {
    #[command(subcommand)]
    pub(crate) command: InquiryCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InquiryCommand {
    /// 調査（問い合わせ）を記録する / Notes an inquiry
    Add(OfSite<desk::InquiryAdd>),
    /// 回答を記録する / Notes what came of it
    Answer(OfSite<desk::InquiryAnswer>),
    /// 調査履歴を一覧する / Lists the inquiries
    List(OfSite<Form>),
}

#[derive(Args, Debug)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// ルールを確かめて配る（施設を指定しなければ、今ある全施設） / Tries rules and hands them out; without a site, to all there are
    Put {
        /// ルールのファイル、またはフォルダー / A file of a rule, or a folder
        #[arg(value_name = "PATH")]
        path: PathBuf,
        #[command(flatten)]
        to: To,
    },
    /// 配っているルールを一覧する / Lists what is handed out
    List,
    /// ルールを引き上げる / Takes a rule back
    TakeBack {
        /// ルールの id / The rule's id
        id: String,
        #[command(flatten)]
        to: To,
    },
}

#[derive(Args, Debug)]
pub(crate) struct SettingsArgs {
    #[command(subcommand)]
    pub(crate) command: SettingsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// 設定を確かめて配る（施設を指定しなければ、今ある全施設） / Tries a setting and hands it out; without a site, to all there are
    Set {
        /// 設定の名前 / Its key
        key: String,
        /// 値（internal と snmp.subnets はいくつでも） / Its value, or values
        #[arg(required = true)]
        values: Vec<String>,
        #[command(flatten)]
        to: To,
    },
    /// 配っている設定を一覧する / Lists what is handed out
    List {
        /// この施設だけ（いくつでも） / Only these sites
        #[arg(long, value_name = "NAME")]
        site: Vec<String>,
    },
    /// 設定を誰がいつ配り、引き上げたかを一覧する / Lists who set and dropped what, and when
    History {
        /// この設定だけ / Only this setting
        key: Option<String>,
        /// この施設だけ（いくつでも） / Only these sites
        #[arg(long, value_name = "NAME")]
        site: Vec<String>,
    },
    /// 設定を引き上げる。箱は自分の設定ファイルか既定に戻る / Takes a setting back; the box returns to its own
    Drop {
        /// 設定の名前 / Its key
        key: String,
        #[command(flatten)]
        to: To,
    },
}

/// Which sites, and who says so.
#[derive(Args, Debug)]
pub(crate) struct To {
    /// この施設だけ（いくつでも） / Only these sites
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Vec<String>,
    /// 担当者 / Who decides it
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// ファイル / The bundles
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Captures {
    /// この施設だけ（いくつでも） / Only these sites
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Vec<String>,
    /// この SHA-256 のキャプチャを消す / Removes the capture of this SHA-256
    #[arg(long, value_name = "SHA256")]
    pub(crate) remove: Option<String>,
    /// 確認済み / Yes, remove it
    #[arg(long, requires = "remove")]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Answer {
    /// 施設名 / The site's name
    pub(crate) site: String,
    /// 出力先 / Where it goes
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Listing {
    /// この施設だけ（いくつでも） / Only these sites
    #[arg(long, value_name = "NAME")]
    pub(crate) site: Vec<String>,

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

#[derive(Args, Debug)]
pub(crate) struct Connections {
    #[command(flatten)]
    pub(crate) listing: Listing,

    /// この分類だけ / Only this category
    #[arg(long, value_name = "SLUG")]
    pub(crate) category: Option<String>,

    /// このサービスだけ（例 ipsec） / Only this service
    #[arg(long, value_name = "SLUG")]
    pub(crate) service: Option<String>,

    /// トンネル・遠隔操作だけ / Only what can carry other traffic or a person's hands inwards
    #[arg(long)]
    pub(crate) tunnels: bool,

    /// 名称・アドレスなどに含まれる文字 / Only rows whose names or addresses contain this
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// 画面向けの表 / A table for the screen
    Table,
    /// JSON
    Json,
    /// CSV（Excel で開けます） / CSV that Excel opens
    Csv,
    /// Excel ブック（connections の 1 施設だけ） / An Excel workbook; of one site's connections
    Xlsx,
}
