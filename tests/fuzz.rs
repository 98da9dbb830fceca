//! What the fuzz targets check, tried with every case and with texts that look like what comes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "fuzz/checks.rs"]
mod checks;

use std::{fs, path::Path};

use proptest::prelude::*;

#[test]
fn every_case_and_its_beginnings_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(data) = fs::read(&path) else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let check = match &name {
            name if name.starts_with("tb_") => checks::traceback,
            name if name.starts_with("json_") => checks::result,
            name if name.starts_with("bus_") || name.starts_with("frame") => checks::wire,
            _ => checks::texts,
        };
        // A connection or a disk may end anywhere.
        let step = (data.len() / 20).max(1);
        let cuts = (0..data.len()).step_by(step).chain([data.len()]);
        for cut in cuts.filter(|_| data.len() < 200_000) {
            check(&data[..cut]);
        }
        check(&data);
    }
}

#[test]
fn what_the_fuzzer_has_found_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found");
    for entry in fs::read_dir(folder).unwrap() {
        checks::traceback(&fs::read(entry.unwrap().path()).unwrap());
    }
}

/// Lines as tracebacks have them, in any order.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("Traceback (most recent call last):".to_owned()),
        Just("  File \"/lab/a.py\", line 3, in f".to_owned()),
        Just("    x = y".to_owned()),
        Just("    ^^^^^".to_owned()),
        Just("During handling of the above exception, another exception occurred:".to_owned()),
        Just("The above exception was the direct cause of the following exception:".to_owned()),
        Just("  + Exception Group Traceback (most recent call last):".to_owned()),
        Just("  +-+---------------- 1 ----------------".to_owned()),
        Just("    | KeyError: 'a'".to_owned()),
        Just("    +------------------------------------".to_owned()),
        Just("  [Previous line repeated 993 more times]".to_owned()),
        Just("----> 3 f()".to_owned()),
        Just("Cell In[3], line 1".to_owned()),
        Just("ValueError: a".to_owned()),
        Just(String::new()),
        "[ |+^~-]{0,12}",
        ".{0,30}",
    ];
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_lines_of_a_traceback_hold(text in lines()) {
        checks::traceback(text.as_bytes());
    }

    #[test]
    fn any_bytes_hold(data in prop::collection::vec(any::<u8>(), 0..300), text in r#"[\[\]{}",:\\0-9eE.\-a-z\n ]{0,80}"#) {
        for check in [checks::traceback, checks::result, checks::wire, checks::texts] {
            check(&data);
            check(text.as_bytes());
        }
    }
}
