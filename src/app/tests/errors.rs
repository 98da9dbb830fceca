//! The error of a task as a tree: what is folded, what goes round, where a cause is.

use super::*;

/// A failed task that is read.
fn failed(traceback: &str, size: (u16, u16)) -> Bench {
    let mut b = Bench::with(Settings::default(), size);
    b.runs(&job("f")).completed(&job("f"), &error("f", "ValueError", "last", traceback)).keys("j enter");
    b
}

fn lines(b: &Bench) -> Vec<String> {
    b.reader().page.document.lines.iter().map(document::Line::plain).collect()
}

fn at(b: &Bench, text: &str) -> usize {
    lines(b).iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {:#?}", lines(b)))
}

fn entry(line: usize, function: &str) -> String {
    format!("  File \"/opt/lab/run.py\", line {line}, in {function}\n    {function}()\n")
}

const HEAD: &str = "Traceback (most recent call last):\n";
const HANDLED: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";

fn chain(of: usize) -> String {
    let one = |n: usize| format!("{HEAD}{}KeyError: 'number {n}'\n", entry(n, "f"));
    let mut text: String = (1..of).map(|n| one(n) + HANDLED).collect();
    text.push_str(&format!("{HEAD}{}ValueError: last\n", entry(of, "g")));
    text
}

#[test]
fn of_a_long_chain_the_last_one_and_its_first_cause_are_unfolded() {
    let mut b = failed(&chain(301), (100, 40));
    let all = lines(&b);
    assert!(all[0].starts_with("ValueError: last") && all[1].contains("run.py:301"), "{all:#?}");
    let second = at(&b, "KeyError: 'number 300'");
    assert_eq!(b.reader().page.document.lines[second].right, "run.py:300", "folded, it tells its place");
    assert!(all[second + 1].starts_with("KeyError: 'number 299'"), "one line each");
    assert!(all[at(&b, "KeyError: 'number 1'") + 1].contains("run.py:1"));
    // From one to its cause, to the first one of all.
    b.keys("C");
    assert_eq!(b.reader().page.cursor, second);
    b.keys("space");
    assert!(lines(&b)[second + 1].contains("run.py:300"), "{:?}", lines(&b)[second + 1]);
    for _ in 0..299 {
        b.keys("C");
    }
    assert_eq!(b.reader().page.cursor, at(&b, "KeyError: 'number 1'"));
    b.keys("C");
    assert_eq!(b.notice(), "it has no further cause");
    // Also in the order of the text.
    b.keys("o G C");
    assert!(b.reader().page.line().unwrap().plain().starts_with("KeyError: 'number 300'"));
}

#[test]
fn functions_that_call_each_other_are_told_once() {
    let mut text = format!("{HEAD}{}", entry(1, "main"));
    for _ in 0..490 {
        text.push_str(&(entry(2, "even") + &entry(3, "odd")));
    }
    text.push_str(&(entry(9, "leaf") + "ValueError: last\n"));
    let mut b = failed(&text, (100, 60));
    let all = lines(&b);
    assert!(all.len() < 60, "{}", all.len());
    let fold = at(&b, "these 2 entries 489 more times");
    assert!(at(&b, "in leaf") < at(&b, "in odd") && at(&b, "in odd") < at(&b, "in even"));
    assert!(at(&b, "in even") < fold && fold < at(&b, "in main"), "{all:#?}");
    b.keys("g").keys(&"j ".repeat(fold)).keys("enter");
    assert_eq!(lines(&b).len(), all.len() + 489 * 4);
    b.keys("enter o");
    assert!(at(&b, "in main") < at(&b, "in even") && at(&b, "these 2 entries") < at(&b, "in leaf"));
}

#[test]
fn a_group_is_a_tree_and_a_large_one_starts_folded() {
    let group = |n: usize| {
        let mut text = format!(
            "  + Exception Group Traceback (most recent call last):\n  |   File \"/opt/lab/run.py\", line 1, in all\n  | ExceptionGroup: bad ({n} sub-exceptions)\n"
        );
        for member in 1..=n {
            let dash = if member == 1 { "+-+" } else { "  +" };
            text.push_str(&format!(
                "  {dash}---------------- {member} ----------------\n    |   File \"/opt/lab/q.py\", line {member}, in tune\n    | ValueError: q{member}\n"
            ));
        }
        text + "    +------------------------------------\n"
    };
    let mut b = failed(&group(3), (100, 60));
    let first = at(&b, "ValueError: q1");
    assert_eq!(lines(&b)[first - 1], "1 of 3");
    assert!(at(&b, "ValueError: q3") > at(&b, "q.py:2"), "{:#?}", lines(&b));
    // All of it folds away.
    b.keys("g space");
    assert!(!lines(&b).iter().any(|line| line.contains("ValueError")));
    assert_eq!(b.reader().page.document.lines[0].right, "run.py:1");
    let b = failed(&group(40), (100, 60));
    let last = at(&b, "ValueError: q40");
    assert_eq!(b.reader().page.document.lines[last].right, "q.py:40");
    assert_eq!(last - at(&b, "ValueError: q1"), 39, "a line each: {:#?}", lines(&b));
}

#[test]
fn where_all_is_a_librarys_the_place_that_raised_is_shown() {
    let theirs = |line: usize, function: &str| {
        format!(
            "  File \"/env/lib/python3.11/site-packages/numpy/lib/io.py\", line {line}, in {function}\n    {function}()\n"
        )
    };
    let text = format!(
        "{HEAD}{}{}{}ValueError: last\n",
        theirs(1, "load"),
        theirs(2, "read"),
        theirs(3, "raise_it")
    );
    let b = failed(&text, (100, 40));
    assert_eq!(
        lines(&b)[1..4],
        ["numpy/lib/io.py:3  in raise_it", "3 | raise_it()", "2 entries in numpy (lib/io.py)"]
    );
}

#[test]
fn markers_stand_under_wide_characters() {
    // Five characters, or seven columns, stand before it: Python up to 3.12, and later ones.
    for before in [5, 7] {
        let marks = " ".repeat(before);
        let text = format!(
            "{HEAD}  File \"/opt/lab/q.py\", line 7, in tune\n    冷却 = amp / 0\n    {marks}~~~~^~~\nValueError: last\n"
        );
        assert_aligned(&failed(&text, (100, 40)));
    }
}

fn assert_aligned(b: &Bench) {
    let code = at(b, "冷却");
    let (code, marks) = (lines(b)[code].clone(), lines(b)[code + 1].clone());
    let column = |line: &str, what: &str| {
        let before = &line[..line.find(what).unwrap()];
        Clean::line(before, Charset::Unicode).width()
    };
    assert_eq!(column(&code, "amp"), column(&marks, "~"), "\n{code}\n{marks}");
}

#[test]
fn repeats_say_which_entry_they_mean() {
    let text = format!("{HEAD}{}  [Previous line repeated 7 more times]\nValueError: last\n", entry(4, "f"));
    let mut b = failed(&text, (100, 40));
    assert!(at(&b, "the entry below 7 more times") < at(&b, "run.py:4"));
    b.keys("o");
    assert!(at(&b, "the entry above 7 more times") > at(&b, "run.py:4"));
}

/// What the list offers, and what is copied by taking each.
fn copies(b: &mut Bench) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for n in 0..10 {
        b.keys("c");
        let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last() else { panic!("{}", b.notice()) };
        if n >= copy.kinds().len() {
            b.keys("esc");
            break;
        }
        b.keys(&"down ".repeat(n)).keys("enter");
        match &b.take()[..] {
            [Effect::Copy { text, what }] => out.push((what.clone(), text.clone())),
            other => panic!("{other:?}"),
        }
    }
    out
}

#[test]
fn an_entry_an_exception_and_a_report_are_copied_as_they_came() {
    let text = chain(3).replace("in g", "in gänge\x1b[1m");
    let mut b = failed(&text, (100, 40));
    b.keys("j");
    let copies = copies(&mut b);
    let names: Vec<&str> = copies.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        names[..4],
        [
            "the entry under the cursor",
            "the exception under the cursor",
            "the whole error",
            "a bug report in Markdown"
        ]
    );
    assert_eq!(names.len(), 7, "and the task itself");
    let last = text.split(HANDLED).last().unwrap();
    assert_eq!(copies[0].1, entry(3, "gänge\x1b[1m").replace("gänge\x1b[1m()", "g()").trim_end());
    assert_eq!(copies[1].1, last.trim_end());
    assert_eq!(copies[2].1, text);
    let report = &copies[3].1;
    assert!(report.starts_with("# MeasureT1 on fridge: ValueError: last\n"), "{report}");
    for part in [text.as_str(), r#"{"qubit": "f""#, "- task id: `f`", "juicetop 0."] {
        assert!(report.contains(part), "{part} in {report}");
    }
    // Outside of the traceback there is no entry.
    b.keys("G c");
    let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last() else { panic!() };
    assert_eq!(copy.kinds()[0].title(), "the whole error");
}

#[test]
fn a_coloured_traceback_is_copied_without_its_colours_but_a_message_keeps_its_codes() {
    let text = "\x1b[31m---------------------------------------------------------------------------\x1b[39m\n\
        \x1b[31mValueError\x1b[39m                                Traceback (most recent call last)\n\
        \x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[1]\x1b[39m\x1b[32m, line 2\x1b[39m, in \x1b[36mf\x1b[39m\x1b[34m()\x1b[39m\n\
        \x1b[32m----> \x1b[39m\x1b[32m2\x1b[39m \x1b[38;5;28;01mraise\x1b[39;00m ValueError()\n\
        \x1b[31mValueError\x1b[39m: last\n";
    let mut b = failed(text, (100, 40));
    b.keys("j");
    for (what, copy) in &copies(&mut b)[..3] {
        assert!(!copy.contains('\x1b'), "{what}: {copy:?}");
        assert!(copy.contains("----> 2 raise ValueError()"), "{what}: {copy:?}");
    }
    b.keys("y");
    let [Effect::Copy { text: copied, .. }] = &b.take()[..] else { panic!() };
    assert!(copied.contains("In[1], line 2, in f()") && !copied.contains('\x1b'), "{copied:?}");
}

#[test]
fn a_report_tells_the_version_of_juice_where_it_is_known() {
    let report = |juice: Option<&str>| {
        let settings = Settings { juice: juice.map(str::to_owned), ..Settings::default() };
        let mut b = Bench::with(settings, (100, 40));
        b.runs(&job("f")).completed(&job("f"), &error("f", "KeyError", "'amp'", "")).keys("j");
        let copies = copies(&mut b);
        copies.iter().find(|(what, _)| what.contains("report")).expect("a report").1.clone()
    };
    assert!(report(Some("26.43.0")).contains("\n- Juice: `orangeqs-juice-core 26.43.0`\n"));
    assert!(report(None).contains("\n- Juice: `its version is written nowhere on this machine`\n"));
}

#[test]
fn a_secret_that_was_refused_is_not_shown_beside_its_field() {
    let told = "2 validation errors for Login\nuser\n  Input should be a valid string [type=string_type, input_value=17, \
        input_type=int]\nkeys.0.token\n  Input should be a valid string [type=string_type, input_value=4711, input_type=int]";
    let mut b = Bench::with(Settings::default(), (100, 40));
    b.runs(&job("f")).completed(&job("f"), &error("f", "ValidationError", told, "")).keys("j enter");
    b.shows("was 17 (int)").shows("was ********** (int)");
}

#[test]
fn an_error_is_copied_also_where_the_payload_was_never_seen() {
    let mut b = Bench::new();
    b.completed(&job("f"), &error("f", "KeyError", "'amp'", "")).keys("j c");
    let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last() else { panic!("{}", b.notice()) };
    assert_eq!(copy.text(b.now.utc).as_deref(), Ok("KeyError: 'amp'"));
    b.keys("down down enter");
    assert!(b.notice().starts_with("not copied: its payload was not seen"), "{}", b.notice());
}

#[test]
fn a_secret_that_an_error_repeats_is_masked_in_copies_and_in_reports() {
    let payload = r#"{"user": "me", "password": "hush hush", "n": [{"token": 47114711}]}"#;
    let login =
        Job { payload: payload.to_owned(), name: "Login: password='hush hush'".to_owned(), ..job("f") };
    let traceback = "Traceback (most recent call last):\n  File \"/a.py\", line 2, in f\n    login('hush hush')\n\
        ValueError: no me with hush hush and 47114711\n";
    let mut b = Bench::with(Settings::default(), (100, 40));
    b.runs(&login)
        .completed(&login, &error("f", "ValueError", "no me with hush hush and 47114711", traceback));
    b.shows("Login: password=**********").keys("j enter");
    assert!(!b.lines()[..2].concat().contains("Login: password='hush"), "{}", b.lines().join("\n"));
    let copied = copies(&mut b);
    for (what, copy) in &copied[..3] {
        assert!(!copy.contains("hush") && !copy.contains("4711"), "{what}: {copy}");
        assert!(copy.contains("no me with **********") || !copy.contains("ValueError:"), "{what}: {copy}");
    }
    // As it came where the person wants that; but never in a report.
    let shown = |kind: &str, b: &mut Bench| {
        b.keys("esc c alt-v");
        let Some(Layer::CopyAs(copy)) = b.app.ui.layers.last_mut() else { panic!() };
        assert!(copy.clear, "{kind}");
        copy.selected = copy.kinds().iter().position(|k| k.title().contains(kind)).unwrap();
        copy.text(b.now.utc).unwrap()
    };
    assert!(shown("whole error", &mut b).contains("no me with hush hush and 47114711"));
    let report = shown("report", &mut b);
    assert!(
        !report.contains("hush") && !report.contains("4711") && report.contains("ValueError: no me"),
        "{report}"
    );
}
