//! The command line of the way to the collector.

use std::path::PathBuf;

use clap::Args;

use crate::run::config::DEFAULT_PATH;

#[derive(Args, Debug)]
pub(crate) struct Enrol {
    /// コレクターのアドレス / The collector's address
    #[arg(value_name = "URL", requires = "code", required_unless_present = "invitation")]
    pub(crate) url: Option<String>,

    /// 登録コード / The code
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,

    /// ネットワークに出られない施設：コレクターがつくった招待ファイル / For a site that is never online: the collector's file
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub(crate) invitation: Option<PathBuf>,

    /// 設定ファイル / The configuration
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) config: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct SyncArgs {
    /// 1 回だけ（続けて送るのは run の `[sync]`） / One meeting; `[sync]` of `run` goes on
    #[arg(long, required = true)]
    pub(crate) once: bool,

    /// 設定ファイル / The configuration
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) config: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Bundle {
    /// 出力先 / Where it goes
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: PathBuf,

    /// キャプチャファイルも入れる（いくつでも） / Captures that go along
    ///
    /// キャプチャには患者の情報を含む通信がそのまま入っています。
    /// 持ち出す許可を得てから指定してください。中身を開けるのはコレクターだけです。元のファイルは消しません
    /// / A capture holds all that passed, patients' data included: name one only where the hospital allows it to
    /// leave. Only the collector can open what is in the bundle. The file itself stays where it is.
    #[arg(long, value_name = "CAPTURE", num_args = 1..)]
    pub(crate) capture: Vec<PathBuf>,

    /// 設定ファイル / The configuration
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) config: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// コレクターが書いたファイル / The collector's file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// 設定ファイル / The configuration
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    pub(crate) config: PathBuf,
}
