//! The tree against the plain reader, and what people would trip over.

use std::fs;

use proptest::prelude::*;

use super::{
    Entry, Index, Path, Rows, Tree, Unreadable,
    records::Table,
    search::{Direction, Needle, Scope, Search, Step},
    series::{Series, Shape, companions, shape},
    tree::name,
};
use crate::wire::json;

fn case(name: &str) -> String {
    fs::read_to_string(format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Lists and objects in which everything is large enough to be in the index now and then.
fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-0.0".to_owned()),
        Just("NaN".to_owned()),
        Just(r#""\\""#.to_owned()),
        Just(r#""a\"],{b""#.to_owned()),
        any::<f64>().prop_map(|n| n.to_string()).prop_filter("no JSON", |n| json::check(n).is_ok()),
        ".{0,12}".prop_map(|s| json::quote(&s)),
        (0..1500_usize).prop_map(|n| format!("\"{}\"", "é".repeat(n))),
    ];
    leaf.prop_recursive(6, 400, 40, |inner| {
        let blank = prop_oneof![Just(""), Just(" "), Just("\n  ")];
        prop_oneof![
            (blank.clone(), proptest::collection::vec(inner.clone(), 0..40))
                .prop_map(|(b, items)| format!("[{b}{}{b}]", items.join(&format!(",{b}")))),
            (blank, proptest::collection::vec((".{0,3}", inner), 0..20)).prop_map(|(b, members)| {
                let member = |(key, value)| format!("{}{b}:{value}", json::quote(key));
                let members: Vec<String> =
                    members.iter().map(|(k, v): &(String, String)| member((k, v))).collect();
                format!("{{{b}{}{b}}}", members.join(&format!("{b},")))
            }),
        ]
    })
}

/// Compares with what the plain reader of `wire` says, down to the leaves; how many entries there are.
fn compare(tree: &Tree, entry: &Entry) -> usize {
    let mut work = vec![entry.clone()];
    let mut count = 0;
    while let Some(entry) = work.pop() {
        count += 1;
        let raw = tree.raw(&entry.value);
        let open = entry.value.start;
        let found: Vec<Entry> = match json::kind(raw) {
            Some(json::Kind::Object) => {
                let wanted = json::members(raw).unwrap();
                let found: Vec<Entry> = tree.entries(Some(open)).collect();
                let members: Vec<_> = found
                    .iter()
                    .map(|e| (name(tree.raw(e.key.as_ref().unwrap())), tree.raw(&e.value)))
                    .collect();
                assert_eq!(members, wanted);
                found
            }
            Some(json::Kind::Array) => {
                let found: Vec<Entry> = tree.entries(Some(open)).collect();
                assert_eq!(
                    found.iter().map(|e| tree.raw(&e.value)).collect::<Vec<_>>(),
                    json::items(raw).unwrap()
                );
                found
            }
            _ => Vec::new(),
        };
        assert_eq!(tree.count(open), found.len());
        for (number, child) in found.iter().enumerate() {
            assert_eq!(tree.entry(Some(open), number).as_ref(), Some(child));
            assert_eq!(tree.entry_at(Some(open), child.start()).as_ref(), Some(child));
            assert_eq!(tree.entry_at(Some(open), child.value.end - 1).as_ref(), Some(child));
            let way = tree.way(child.value.start);
            assert_eq!(way.last().map(|level| &level.entry), Some(child));
        }
        assert_eq!(tree.entry(Some(open), found.len()), None);
        work.extend(found);
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_tree_is_what_the_plain_reader_finds(text in document()) {
        let index = Index::new(&text).unwrap();
        let tree = Tree::new(&text, &index);
        let root = tree.root();
        prop_assert_eq!(tree.raw(&root.value), text.trim());
        compare(&tree, &root);
    }

    #[test]
    fn rows_are_the_tree_in_order_whatever_was_folded_before(
        text in document(),
        deeds in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_usize), 0..30),
    ) {
        let index = Index::new(&text).unwrap();
        let tree = Tree::new(&text, &index);
        let mut rows = Rows::new(&tree);
        for (row, levels) in deeds {
            let row = row.index(rows.len());
            if levels == 0 { rows.fold(&tree, row); } else { rows.unfold(&tree, row, levels); }
            let all = rows.rows(&tree, 0..rows.len());
            prop_assert_eq!(all.len(), rows.len());
            for pair in all.windows(2) {
                prop_assert!(pair[0].entry.start() < pair[1].entry.start());
                let (open, step) = (pair[0].open == Some(true), pair[1].depth as i64 - pair[0].depth as i64);
                let fits = if open { step == 1 } else { step <= 0 };
                prop_assert!(fits);
            }
            for (at, row) in all.iter().enumerate() {
                prop_assert_eq!(rows.row(&tree, at).unwrap(), row.clone());
                prop_assert_eq!(rows.row_of(&tree, row.entry.value.start), at);
            }
        }
        rows.unfold(&tree, 0, usize::MAX);
        prop_assert_eq!(rows.len(), compare(&tree, &tree.root()));
        rows.fold(&tree, 0);
        prop_assert_eq!(rows.len(), 1);
    }

    #[test]
    fn a_path_leads_back_where_it_came_from(text in document(), place in any::<prop::sample::Index>()) {
        let index = Index::new(&text).unwrap();
        let tree = Tree::new(&text, &index);
        let place = place.index(text.len());
        let way = tree.way(place);
        let entry = way.last().unwrap().entry.clone();
        let path = Path::of(&tree, &way);
        let read = Path::parse(&path.to_string()).unwrap();
        prop_assert_eq!(&read, &path);
        // Of doubled names the last one is found, or what it holds.
        let doubled = way.iter().any(|level| {
            let name = |e: &Entry| e.key.as_ref().map(|key| tree.raw(key).to_owned());
            let same = |other: &Entry| other.number > level.entry.number && name(other) == name(&level.entry);
            level.entry.key.is_some() && tree.entries(level.container).any(|other| same(&other))
        });
        if !doubled {
            prop_assert_eq!(read.find(&tree).unwrap(), entry.clone());
        }
        let mut rows = Rows::new(&tree);
        let row = rows.reveal(&tree, entry.value.start);
        prop_assert_eq!(rows.row(&tree, row).unwrap().entry, entry);
    }

    #[test]
    fn no_text_panics(text in r#"[\[\]{}",:\\ au01é]{0,200}"#) {
        match Index::new(&text) {
            Ok(index) => {
                let tree = Tree::new(&text, &index);
                let mut rows = Rows::new(&tree);
                rows.unfold(&tree, 0, usize::MAX);
                rows.rows(&tree, 0..rows.len());
            }
            Err(_) => prop_assert!(json::check(&text).is_err()),
        }
    }
}

#[test]
fn numbers_keys_and_order_stand_as_they_were_written() {
    for name in [
        "json_numbers.json",
        "json_bigints.json",
        "json_nan_inf.json",
        "json_surrogates.json",
        "json_control_strings.json",
        "json_wide_text.json",
        "json_deep_maps_450.json",
    ] {
        let text = case(name);
        let index = Index::new(&text).unwrap();
        let tree = Tree::new(&text, &index);
        compare(&tree, &tree.root());
    }
    let text = r#"{"b": 1.0, "a": 1e-07, "b": -0.0}"#;
    let index = Index::new(text).unwrap();
    let tree = Tree::new(text, &index);
    let values: Vec<&str> = tree.entries(Some(0)).map(|e| tree.raw(&e.value)).collect();
    assert_eq!(values, ["1.0", "1e-07", "-0.0"]);
    assert_eq!(tree.raw(&Path::parse("b").unwrap().find(&tree).unwrap().value), "-0.0");
}

#[test]
fn nine_hundred_levels_can_be_browsed_to_the_leaf() {
    let text = case("json_deep_lists_900.json");
    let index = Index::new(&text).unwrap();
    let tree = Tree::new(&text, &index);
    let mut rows = Rows::new(&tree);
    assert!(rows.unfold(&tree, 0, usize::MAX));
    let last = rows.row(&tree, rows.len() - 1).unwrap();
    assert_eq!(last.depth, 900);
    let way = rows.way(&tree, rows.len() - 1);
    assert_eq!(Path::of(&tree, &way).to_string(), "[0]".repeat(900));
    assert_eq!(rows.parent(&tree, rows.len() - 1), Some(rows.len() - 2));
}

#[test]
fn what_has_no_tree_says_where_and_why() {
    let why = |text: &str| Index::new(text).unwrap_err().to_string();
    assert_eq!(
        why(r#"{"a": [1, 2"#),
        "this is not whole JSON, line 1, column 12: expected ',' or ']', but the text ends"
    );
    assert!(why("[1}").contains("column 3"));
    assert!(why("[1] [2]").contains("nothing more"));
    assert!(why("").contains("a value"));
    assert!(why("Traceback (most recent call last):").contains("a value"));
    assert!(why(&format!("{}\"", " ".repeat(100))).contains("closing"));
    let deep = case("json_deep_100000.json");
    assert!(matches!(Index::new(&deep), Err(Unreadable::TooDeep(10_000))));
}

#[test]
fn the_index_is_a_small_part_of_the_text() {
    let floats: Vec<String> = (0..100_000).map(|n| format!("{}.{n:06}e-07", n % 7)).collect();
    let floats = format!("[{}]", floats.join(", "));
    let records: Vec<String> = (0..20_000)
        .map(|n| format!(r#"{{"qubit": "q{}", "t1_s": 1.{n}e-05, "ok": [1, 2]}}"#, n % 5))
        .collect();
    let records = format!("[{}]", records.join(", "));
    for text in [floats, records] {
        let index = Index::new(&text).unwrap();
        assert!(index.memory() * 100 < text.len() * 2, "{} of {}", index.memory(), text.len());
        // Every part can be reached by little reading: milestones are near everywhere.
        let node = index.node(0).unwrap();
        let stones = index.milestones(node);
        assert!(stones.windows(2).all(|pair| pair[1].at - pair[0].at < 1200));
    }
}

#[test]
fn paths_are_read_as_people_write_them() {
    for (text, shown) in [
        ("a.b[3]", "a.b[3]"),
        (".a", "a"),
        ("", "."),
        (".", "."),
        ("[0][-1]", "[0][-1]"),
        (r#"a["odd key"]['it\'s']"#, r#"a["odd key"]["it's"]"#),
        (r#"["a\u00e9"]"#, r#"["a\u00e9"]"#),
        (r#"["\\'"]"#, r#"["\\'"]"#),
        (r#"['\\\'']"#, r#"["\\'"]"#),
        ("über", "über"),
        ("a-b.c", r#"["a-b"].c"#),
    ] {
        assert_eq!(Path::parse(text).map(|p| p.to_string()).as_deref(), Ok(shown), "{text}");
    }
    for (text, at) in
        [("a..b", 2), ("a[", 2), ("a[x]", 3), ("a[\"x]", 5), ("a[1]b", 4), ("a.", 2), ("a[1", 3)]
    {
        assert_eq!(Path::parse(text).unwrap_err().at, at, "{text}");
    }
}

#[test]
fn a_path_that_leads_nowhere_says_how_far_it_came() {
    let text = r#"{"a": {"list": [1, 2, 3]}, "\ud800": 5}"#;
    let index = Index::new(text).unwrap();
    let tree = Tree::new(text, &index);
    let find = |path: &str| Path::parse(path).unwrap().find(&tree).map(|e| tree.raw(&e.value));
    assert_eq!(find("a.list[-1]"), Ok("3"));
    assert_eq!(find(r#"["\uD800"]"#), Ok("5"));
    assert_eq!(find("a.list[3]"), Err("a.list has 3 items".to_owned()));
    assert_eq!(find("a.list[-4]"), Err("a.list has 3 items".to_owned()));
    assert_eq!(find("a.b"), Err(r#"a has no member "b""#.to_owned()));
    assert_eq!(find("[0]"), Err("the whole is no array".to_owned()));
    assert_eq!(find("a.list.x"), Err("a.list is no object".to_owned()));
}

/// All that is found from the beginning on.
fn hits(text: &str, needle: &str, scope: Scope, direction: Direction) -> Vec<String> {
    let index = Index::new(text).unwrap();
    let tree = Tree::new(text, &index);
    let needle = Needle::new(needle, scope).unwrap();
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut from = if direction == Direction::Forward { 0 } else { text.len() };
    loop {
        let mut search = Search::new(needle.clone(), direction, from, text.len());
        let hit = loop {
            match search.step(&tree) {
                Step::More => {}
                Step::Found(hit) => break Some(hit),
                Step::Nowhere => break None,
            }
        };
        match hit {
            Some(hit) if !found.contains(&hit) => {
                from = if direction == Direction::Forward { hit.start + 1 } else { hit.start };
                found.push(hit);
            }
            _ => return found.into_iter().map(|hit| text[hit].to_owned()).collect(),
        }
    }
}

#[test]
fn search_finds_text_however_it_is_escaped() {
    let text = r#"{"Café": "caf\u00E9 \"n\" \ud83d\udd2c", "n": ["CAFÉ\n", 10.5]}"#;
    let all = |needle: &str| hits(text, needle, Scope::All, Direction::Forward);
    assert_eq!(all("café"), ["Café", r"caf\u00E9", "CAFÉ"]);
    assert_eq!(all("🔬"), [r"\ud83d\udd2c"]);
    assert_eq!(all("\"n\""), [r#"\"n\""#, "\"n\""]);
    assert_eq!(all("é\n"), [r"É\n"]);
    assert_eq!(all("n"), ["n", "n"], "the n of an escape is no n");
    assert_eq!(all("e9"), Vec::<String>::new());
    assert_eq!(all("10.5"), ["10.5"]);
    assert_eq!(hits(text, "n", Scope::Keys, Direction::Forward), ["n"]);
    assert_eq!(hits(text, "caf", Scope::Keys, Direction::Forward), ["Caf"]);
    assert_eq!(hits(r#"[1, ":1"]"#, "1", Scope::Keys, Direction::Forward), Vec::<String>::new());
    assert_eq!(hits(text, "CAF", Scope::All, Direction::Backward), ["CAF", "caf", "Caf"]);
    assert!(Needle::new("", Scope::All).is_none());
    // A44: letters whose other case has another length.
    let text = r#"["İẞǅ i"]"#;
    for (needle, found) in [("i", "i"), ("ß", "ẞ"), ("ǆ", "ǅ"), ("ßǆ I", "ẞǅ i"), ("İ", "İ")] {
        assert_eq!(hits(text, needle, Scope::All, Direction::Forward), [found], "{needle}");
    }
    // A long text full of what is looked for is read once, not once for each.
    let long = format!("[\"{}\", {{\"a\": \"a\"}}]", "a".repeat(3_000_000));
    assert_eq!(hits(&long, "a", Scope::Keys, Direction::Forward).len(), 1);
    assert_eq!(hits(&long, "a", Scope::Keys, Direction::Backward).len(), 1);
}

#[test]
fn search_goes_on_over_the_end_of_a_slice() {
    let far = 4 * 1024 * 1024 - 5;
    let text = format!("[\"{}needle{}\", \"needle\"]", "é".repeat(far / 2), " ".repeat(9_000_000));
    for direction in [Direction::Forward, Direction::Backward] {
        assert_eq!(hits(&text, "NEEDLE", Scope::All, direction).len(), 2);
    }
}

/// A tree for a test that needs no more than one text.
fn with<T>(text: &str, look: impl FnOnce(&Tree) -> T) -> T {
    let index = Index::new(text).unwrap();
    look(&Tree::new(text, &index))
}

#[test]
fn arrays_are_told_apart_by_what_they_hold() {
    for (text, wanted) in [
        ("[1, 2.5, NaN, null]", Shape::Numbers),
        ("[[1, 2], [3, NaN]]", Shape::Grid { columns: 2 }),
        ("[[1, 2], [3]]", Shape::Mixed),
        ("[[], []]", Shape::Mixed),
        (r#"[{"a": 1}, {}]"#, Shape::Records),
        (r#"[1, "2"]"#, Shape::Mixed),
        ("[null]", Shape::Mixed),
        ("[]", Shape::Mixed),
        (r#"{"a": 1}"#, Shape::Mixed),
        ("5", Shape::Mixed),
    ] {
        assert_eq!(with(text, |tree| shape(tree, 0)), wanted, "{text}");
    }
}

/// Reads all, in the smallest steps.
fn series(tree: &Tree, columns: Option<usize>) -> Series {
    let mut series = Series::new(0, columns);
    while !series.step(tree, 1) {}
    series
}

#[test]
fn numbers_are_summed_up_without_rounding_their_ends() {
    let text = "[9007199254740993, NaN, -0.0, 9007199254740992, Infinity, -Infinity, null, 1e-07, \"5\"]";
    with(text, |tree| {
        let series = series(tree, None);
        let summary = &series.summary;
        assert_eq!((summary.count, summary.nan, summary.infinite, summary.other), (9, 1, 2, 2));
        assert_eq!(tree.raw(summary.min.as_ref().unwrap()), "-0.0");
        assert_eq!(tree.raw(summary.max.as_ref().unwrap()), "9007199254740993");
        assert_eq!(summary.mean(), Some(9_007_199_254_740_992.0 / 2.0));
        assert_eq!(series.values.len(), 9);
        assert!(series.values[6].is_nan());
    });
    with("[1e16, 1, -1e16]", |tree| assert_eq!(series(tree, None).summary.mean(), Some(1.0 / 3.0)));
    with("[NaN]", |tree| assert_eq!(series(tree, None).summary.mean(), None));
    with("[1e400, 1]", |tree| {
        let summary = series(tree, None).summary;
        assert_eq!((summary.infinite, tree.raw(summary.max.as_ref().unwrap())), (0, "1e400"));
        assert_eq!(summary.mean(), None, "beyond what a float holds");
    });
}

#[test]
fn a_grid_keeps_its_columns_whatever_comes_later() {
    with("[[1, 2], [3, 4], [5], [6, 7, 8], 9]", |tree| {
        let series = series(tree, Some(2));
        assert_eq!((series.rows(), series.uneven, series.summary.count), (5, 3, 8));
        assert_eq!(series.values[..4], [1.0, 2.0, 3.0, 4.0]);
        assert!(series.values[5].is_nan() && series.values[8].is_nan());
        assert_eq!(series.values[6..8], [6.0, 7.0]);
    });
}

#[test]
fn another_axis_is_an_array_of_the_same_length_beside_it() {
    with(r#"{"f_hz": [1, 2, 3], "name": [1, 2, "a"], "s": [4, null, 6], "short": [1, 2]}"#, |tree| {
        let keys: Vec<&str> =
            companions(tree, 0, 3).into_iter().map(|entry| tree.raw(&entry.key.unwrap())).collect();
        assert_eq!(keys, ["\"f_hz\"", "\"s\""]);
    });
}

#[test]
fn records_are_a_table_that_sorts_by_value() {
    let text = r#"[{"n": 10, "q": "q2"}, {"q": "q10", "n": 9, "rare": 1}, {"n": null}, {"n": 1e1, "q": 5},
        {"n": 9007199254740993}, {"n": 9007199254740992}, {"q": "Q"}, {"n": NaN}, 7, {}, {}]"#;
    with(text, |tree| {
        let mut table = Table::new(tree, 0);
        while !table.step(tree, 1) {}
        assert_eq!(table.columns, ["\"n\"", "\"q\""]);
        assert_eq!(table.len(), 11);
        let order =
            |table: &Table| (0..table.len()).map(|row| table.number(row).unwrap()).collect::<Vec<_>>();
        table.sort(tree, Some((0, false)));
        assert_eq!(order(&table), [1, 0, 3, 5, 4, 7, 2, 6, 8, 9, 10]);
        table.sort(tree, Some((0, true)));
        assert_eq!(order(&table), [7, 4, 5, 0, 3, 1, 2, 6, 8, 9, 10]);
        assert_eq!(table.sorted_by(), Some((0, true)));
        table.sort(tree, Some((1, false)));
        assert_eq!(order(&table)[..4], [3, 6, 1, 0]);
        let cells = table.cells(tree, 2);
        assert_eq!(
            cells.iter().map(|c| c.as_ref().map(|c| tree.raw(c))).collect::<Vec<_>>(),
            [Some("9"), Some("\"q10\"")]
        );
        table.sort(tree, None);
        assert_eq!(order(&table), (0..11).collect::<Vec<_>>());
    });
}

#[test]
fn long_strings_end_where_they_end() {
    for length in [65_000, 65_535, 65_536, 70_000, 131_072 + 63] {
        for filling in ["x", "é", "\\\\", "\\\"", "[,{"] {
            let long = format!("\"{}\"", filling.repeat(length / filling.len()));
            let text = format!("[1, {long}, \"a\", {{\"k\": {long}}}, {long}]");
            let index = Index::new(&text).unwrap();
            let tree = Tree::new(&text, &index);
            let raw = |entry: Option<Entry>| tree.raw(&entry.unwrap().value).to_owned();
            assert_eq!(tree.count(0), 5);
            assert!(
                raw(tree.entry(Some(0), 1)) == long && raw(tree.entry(Some(0), 4)) == long,
                "{length} {filling}"
            );
            let index = Index::new(&long).unwrap();
            assert_eq!(Tree::new(&long, &index).root().value, 0..long.len());
            for broken in [
                format!("{long}1"),
                format!("x{long}"),
                format!("{long}{long}"),
                long[..long.len() - 1].to_owned(),
            ] {
                assert!(Index::new(&broken).is_err(), "{length} {filling}");
            }
        }
    }
}
