//! Case A15: joined, wide, combining and hostile text, page by page, on a large screen and on a small one: each page is
//! what a whole frame makes of it, and what stands at the right edge stays there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    calm::{assert_whole, still},
    common::{
        flood::{Flood, recorded},
        pty::Screen,
    },
};

const SIZES: [(u16, u16); 2] = [(200, 50), (40, 12)];

/// What is to be seen of each row of `bus_hostile_names.jsonl`, and of values of `json_wide_text.json`: so much as has room on
/// the small screen too.
const ROWS: [&str; 12] = [
    "▶ \\x1b]0;pwned\\x07name",
    "▶ row\\x0d\\x0aforged row",
    "▶ \\u202etxt.exe",
    "▶ aaaaaaaaaaaaaaaa",
    "▶ \\U0001f469\\u200d",
    "▶ \\x09\\x09\\x09tabbed",
    "▶ T",
    "▶ \\x20",
    "▶ \\x9b2J",
    "▶ Ping: message='␛[31m'",
    "▶ [/red]{0}%s",
    "▶ e\\u0301e\\u0301",
];
const VALUES: [&str; 7] = ["量子ビット", "👨", "نتيجة", "תוצאה", "ｗｉｄｔｈ", "ﾃｽﾄ", "ผล"];

/// A recording of a lab in which all of that runs, or has been given back.
fn record(file: &str) {
    let wide =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/json_wide_text.json"));
    let result: Value = serde_json::from_str(&wide.unwrap()).unwrap();
    let id = "a15a15a1-0000-4000-8000-000000000000";
    let event = |state: &str, payload: &Value| {
        json!({"time": "2026-11-20T08:00:00Z", "task_id": id, "task_target": "wide", "task_type": "Wide",
            "task_display_name": "Wide: all of it", "task_metadata": "{\"parallel\": false}",
            "task_payload": payload.to_string(), "task_state": state, "show_in_dashboard": true})
        .to_string()
    };
    let reply = json!({"id": id, "status": "ok", "result": result});
    let flood = Flood::start();
    flood.tell(recorded("bus_hostile_names.jsonl"));
    flood.tell([event("created", &result), event("started", &result), event("completed", &reply)]);
    let mut screen = Screen::start(&["--url", &flood.url, "--record", file], (120, 60), &[]);
    screen.wait_for("all of it", |text| text.contains("12 running") && text.contains("✔ Wide"));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

/// Presses a key and waits for what it draws; false where it draws nothing.
fn turn(screen: &mut Screen, key: &str) -> bool {
    let (frames, end) = (screen.frames(), Instant::now() + Duration::from_secs(3));
    screen.type_keys(key);
    while screen.frames() == frames {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    still(screen);
    true
}

/// Looks at the page that stands there, and gives its text.
fn page(what: &str, screen: &mut Screen, size: (u16, u16)) -> String {
    assert_whole(what, screen, size);
    screen.text()
}

/// Goes to the end of what is open, page by page; all that was seen.
fn pages(what: &str, screen: &mut Screen, size: (u16, u16)) -> String {
    let mut seen = page(what, screen, size);
    for n in 1..60 {
        if !turn(screen, "pgdn") {
            return seen;
        }
        seen += &page(&format!("{what}, page {n}"), screen, size);
    }
    panic!("{what} has no end:\n{}", screen.text());
}

/// The column in which a row's last letter stands, before the detail beside it.
fn last_column(screen: &Screen, row: u16, columns: u16) -> Option<u16> {
    let end = (0..columns).find(|column| screen.cell(*column, row).text == "│").unwrap_or(columns);
    (0..end).rev().find(|column| !screen.cell(*column, row).text.trim().is_empty())
}

/// The columns in which the times of running tasks end. The detail beside them has its border in one column.
fn edges(what: &str, screen: &Screen, (columns, rows): (u16, u16)) -> Vec<Option<u16>> {
    let text = screen.text();
    if columns == 200 {
        let border = (0..columns).find(|column| screen.cell(*column, 2).text == "│").expect("a border");
        let broken = (2..rows - 2).find(|row| screen.cell(border, *row).text != "│");
        assert_eq!(broken, None, "{what}: the border\n{text}");
    }
    let tasks = (0..rows).zip(text.lines()).filter(|(_, line)| line.contains('▶') && line.contains("0:00"));
    tasks.map(|(row, _)| last_column(screen, row, columns)).collect()
}

#[test]
fn pages_of_wide_and_hostile_text_are_what_whole_frames_make_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.jsonl").display().to_string();
    record(&file);
    for size in SIZES {
        let mut screen = Screen::start(&["replay", "--paused", &file], size, &[]);
        screen.wait_for("the recording", |text| text.contains("of 0:0"));
        screen.type_keys("$");
        screen.wait_for("its end", |text| text.contains("the end") && text.contains("0:00"));
        // A notice of the start would go by itself.
        std::thread::sleep(Duration::from_secs(8));
        still(&screen);
        let mut seen = page("the lanes", &mut screen, size);
        let mut all = edges("the lanes", &screen, size);
        // Each of thirteen services: the small screen has room for one.
        for n in 1..13 {
            assert!(turn(&mut screen, "tab"), "{n}:\n{}", screen.text());
            let what = format!("the lanes at {size:?}, service {n}");
            seen += &page(&what, &mut screen, size);
            all.extend(edges(&what, &screen, size));
        }
        assert!(all.len() >= 12 && all.iter().all(|edge| *edge == all[0]), "{size:?}: {all:?}\n{seen}");
        for row in ROWS {
            assert!(seen.contains(row), "{size:?}: {row} was not seen in\n{seen}");
        }
        screen.type_keys("/");
        screen.type_text("Wide");
        screen.type_keys("enter g j enter");
        screen.wait_for("the task", |text| text.contains("back") && text.contains("Wide"));
        still(&screen);
        for (what, key) in [("the detail", ""), ("the result", "v")] {
            assert!(key.is_empty() || turn(&mut screen, key), "{what}");
            let seen = pages(&format!("{what} at {size:?}"), &mut screen, size);
            for value in VALUES {
                assert!(seen.contains(value), "{what} at {size:?}: {value} was not seen in\n{seen}");
            }
        }
        screen.assert_harmless();
        screen.type_keys("ctrl-c");
        assert_eq!(screen.exit_status().exit_code(), 0);
    }
}
