use super::*;

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

const LIST: &str = "院内 外部接続一覧,,,,\r\n\
    機器名,IPアドレス,接続先事業者,接続先IP,契約終了日,利用時間,担当部署,血液型\r\n\
    CT,192.0.2.10,医用機器,198.51.100.1,2027/3/31,平日 9:00-17:00,放射線科,A\r\n\
    \"=cmd|' /C calc'!A0\",,\"<script>alert(1)</script>\",,未定,要相談,\u{1b}[31m,\r\n\
    ,,,,,,,\r\n";

#[test]
fn a_csv_is_read_in_the_encodings_of_japan() {
    let shift_jis = encoding_rs::SHIFT_JIS.encode(LIST).0.into_owned();
    let with_mark = [b"\xef\xbb\xbf", LIST.as_bytes()].concat();
    let mut read_as = Vec::new();
    for bytes in [LIST.as_bytes(), &shift_jis, &with_mark] {
        let list = read(bytes, &tokyo()).unwrap();
        assert_eq!((list.headings_line, list.lines.len()), (2, 2));
        assert_eq!(list.columns[7], ("血液型".to_owned(), None));
        let first = &list.lines[0];
        assert_eq!(first.registration.device, ["192.0.2.10"]);
        assert_eq!(first.registration.outside, ["198.51.100.1"]);
        assert_eq!(first.registration.terms.owner.as_deref(), Some("放射線科"));
        assert_eq!(first.registration.terms.contract_end, Some(jiff::civil::date(2027, 3, 31)));
        assert_eq!(first.problems, []);
        read_as.push(list.sheet);
    }
    assert_eq!(read_as, ["UTF-8", "Shift_JIS", "UTF-8"]);
}

#[test]
fn what_a_cell_could_do_to_a_program_is_text() {
    let list = read(LIST.as_bytes(), &tokyo()).unwrap();
    let hostile = &list.lines[1];
    assert_eq!(hostile.registration.device, ["=cmd|' /C calc'!A0"]);
    assert_eq!(hostile.registration.outside, ["<script>alert(1)</script>"]);
    assert_eq!(hostile.registration.terms.owner.as_deref(), Some("\u{fffd}[31m"));
    assert_eq!(hostile.registration.terms.note.as_deref(), Some("要相談"), "nothing written is lost");
    let keys: Vec<_> = hostile.problems.iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["import.bad-hours", "import.bad-date"]);
    let fates = [Fate::Entered(vec![3]), Fate::Entered(Vec::new())];
    for lang in [crate::Lang::Ja, crate::Lang::En] {
        let told = preview(&Preview { file: "a\u{1b}.csv", list: &list, fates: &fates }, lang);
        assert!(!told.contains('\u{1b}') && !told.contains('{'), "{told}");
    }
}

#[test]
fn what_is_no_list_is_refused() {
    let bomb = {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
        let zeros = vec![0_u8; 1 << 20];
        for _ in 0..129 {
            std::io::Write::write_all(&mut archive, &zeros).unwrap();
        }
        archive.finish().unwrap().into_inner()
    };
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(read(&bomb, &tokyo()), Err(ImportError::TooLong)));
    assert!(matches!(read(&vec![b','; MAX_FILE_BYTES + 1], &tokyo()), Err(ImportError::TooLong)));
    assert!(matches!(read(b"a,b\n1,2\n", &tokyo()), Err(ImportError::NotAList)));
    assert!(matches!(read(b"", &tokyo()), Err(ImportError::NotAList)));
    for damaged in [&b"PK\x03\x04 and then nothing"[..], &[0xd0, 0xcf, 0x11, 0xe0, 0], b"\x7fELF\0\0"] {
        assert!(matches!(read(damaged, &tokyo()), Err(ImportError::Unreadable { .. })), "{damaged:?}");
    }
}

#[test]
fn a_cell_at_the_end_of_the_sheet_makes_no_table_of_billions() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, heading) in (0..).zip(["機器名", "IPアドレス", "接続先IP"]) {
        sheet.write_string(0, column, heading).unwrap();
        sheet.write_string(1, column, ["CT", "192.0.2.10", "198.51.100.1"][usize::from(column)]).unwrap();
    }
    sheet.write_string(1_048_575, 16_383, "far").unwrap();
    sheet.write_formula(1, 3, rust_xlsxwriter::Formula::new("=1+1").set_result("2")).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let list = read(&bytes, &tokyo()).unwrap();
    assert_eq!(
        (list.lines.len(), list.lines[0].registration.device.as_slice()),
        (1, &["192.0.2.10".to_owned()][..])
    );
    assert!(list.cut_off.is_some());
    for end in 0..bytes.len() {
        // Whatever a cut workbook is, it is no panic.
        let _ = read(&bytes[..end], &tokyo());
    }
}

#[test]
fn our_own_workbook_declares_what_people_filled_in_and_nothing_else() {
    let connections = crate::tests::samples::connections();
    let analysis = sekisho_api::Analysis { connections, ..sekisho_api::Analysis::default() };
    let book = crate::workbook(&analysis, &[], crate::Lang::Ja, &tokyo()).unwrap();
    let list = read(&book, &tokyo()).unwrap();
    assert_eq!(list.sheet, "外部接続先一覧");
    assert_eq!(list.lines.len(), analysis.connections.len());
    assert!(list.lines.iter().all(|line| line.declares_nothing == Some("import.nothing-said")));
}
