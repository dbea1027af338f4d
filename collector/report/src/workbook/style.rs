//! The looks of the sheets: few colours, each with one meaning that the overview's legend tells.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::text::Lang;

const HEADING: Color = Color::RGB(0x1F_4E_79);
const FOR_PEOPLE_HEADING: Color = Color::RGB(0x7F_60_00);
const FOR_PEOPLE: Color = Color::RGB(0xFF_F8_DC);
const LINE: Color = Color::RGB(0xBF_BF_BF);

/// The formats of one workbook.
pub(super) struct Style {
    /// The name of the book, once.
    pub(super) title: Format,
    /// The name of a block on the overview.
    pub(super) section: Format,
    /// The heading of a column that the capture fills.
    pub(super) heading: Format,
    /// The heading of a column that people fill.
    pub(super) person_heading: Format,
    /// A sentence outside any table.
    pub(super) note: Format,
    plain: Format,
    lang: Lang,
}

/// What the format of a cell hangs on besides its place.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Text, wrapped.
    Text,
    /// A whole number with separators.
    Count,
    /// A date and a time of day.
    Time,
    /// A date.
    Date,
}

impl Style {
    /// Prepares the formats.
    pub(super) fn new(lang: Lang) -> Self {
        let base = Format::new().set_font_name(font(lang)).set_font_size(10);
        let plain = base
            .clone()
            .set_text_wrap()
            .set_align(FormatAlign::Top)
            .set_border(FormatBorder::Thin)
            .set_border_color(LINE);
        let heading = plain
            .clone()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(HEADING)
            .set_align(FormatAlign::VerticalCenter);
        Self {
            title: base.clone().set_bold().set_font_size(16),
            section: base.clone().set_bold().set_font_size(12).set_font_color(HEADING),
            person_heading: heading.clone().set_background_color(FOR_PEOPLE_HEADING),
            heading,
            note: base.set_text_wrap().set_align(FormatAlign::Top),
            plain,
            lang,
        }
    }

    /// Gives the format of a table's cell.
    pub(super) fn cell(&self, kind: Kind, for_people: bool) -> Format {
        let format = match (kind, self.lang) {
            (Kind::Text, _) => self.plain.clone(),
            (Kind::Count, _) => self.plain.clone().set_num_format("#,##0_ ").set_align(FormatAlign::Right),
            (Kind::Time, Lang::Ja) => {
                self.plain.clone().set_align(FormatAlign::Left).set_num_format("yyyy/mm/dd hh:mm")
            }
            (Kind::Time, Lang::En) => {
                self.plain.clone().set_align(FormatAlign::Left).set_num_format("yyyy-mm-dd hh:mm")
            }
            (Kind::Date, Lang::Ja) => {
                self.plain.clone().set_align(FormatAlign::Left).set_num_format("yyyy/mm/dd")
            }
            (Kind::Date, Lang::En) => {
                self.plain.clone().set_align(FormatAlign::Left).set_num_format("yyyy-mm-dd")
            }
        };
        if for_people { format.set_background_color(FOR_PEOPLE) } else { format }
    }
}

const fn font(lang: Lang) -> &'static str {
    match lang {
        Lang::Ja => "Yu Gothic",
        Lang::En => "Calibri",
    }
}
