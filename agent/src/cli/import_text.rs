//! What `import-text` takes.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct ImportText {
    /// 記録する台帳 / Records into this ledger
    #[arg(long, value_name = "PATH", required_unless_present = "dry_run")]
    pub(crate) db: Option<PathBuf>,

    /// 台帳での施設名 / The site's name in the ledger
    #[arg(long, value_name = "NAME", required_unless_present = "dry_run")]
    pub(crate) site: Option<String>,

    /// 読み取った内容を表示するだけで記録しない / Shows what was read, and records nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// show コマンドの出力を貼り付けたテキスト（- は標準入力） / Text with pasted show output
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
