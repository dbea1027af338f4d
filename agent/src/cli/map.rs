//! What `map` takes.

use std::path::PathBuf;

use clap::Args;

use super::Place;

#[derive(Args, Debug)]
pub(crate) struct Map {
    #[command(flatten)]
    pub(crate) place: Place,

    /// 出力先（.svg、.drawio、.json） / Writes there, by its ending: .svg, .drawio or .json
    #[arg(short, long, value_name = "PATH", required_unless_present_any = ["pin", "hide", "draw", "forget"])]
    pub(crate) output: Option<PathBuf>,

    /// この2台の間のリンクを固定する / Keeps the link between two, whether it is seen or not
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub(crate) pin: Vec<String>,

    /// この2台の間のリンクを表示しない / Hides the link between two, whatever says that it is there
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub(crate) hide: Vec<String>,

    /// この2台の間にリンクを描き加える / Draws a link between two
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub(crate) draw: Vec<String>,

    /// この2台の間の固定・非表示・手書きを取り消す / Takes back what was decided of the link between two
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pub(crate) forget: Vec<String>,
}
