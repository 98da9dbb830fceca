//! How two values differ: at which paths, and what stands there in each.
//!
//! Exact: numbers are the same where they are written alike, strings where they say the same. A list of numbers is told in
//! a line or two, a text of several lines by its lines, so that a measurement with a million points, or a cell with one
//! changed line, can be read. Nothing recurses, and no tree of values is built. It refuses to guess which items of two lists
//! belong together: those with one number do.

use std::{
    collections::HashMap,
    ops::Range,
    time::{Duration, Instant},
    vec,
};

use similar::{
    DiffOp,
    algorithms::{Capture, Compact, IdentifyDistinct, Replace, myers},
};

use crate::wire::json;

use super::{
    Index, Path, number,
    path::Step,
    series::{self, Series, Shape},
    tree::{Entries, Entry, Tree, name},
};

/// A value that is longer is told by its size, or cut.
const LONG: usize = 2_000;
/// Containers up to this many bytes are shown as they are, and lists that short are compared as a whole.
const SHORT: usize = 60;
/// Lines of differences that are kept.
pub const MOST: usize = 2_000;
/// Lines of what is the same that are kept.
const MOST_SAME: usize = 200;
/// For how long the shortest way from one text to another is looked for.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// Values between two looks whether anybody still waits.
const SLICE: usize = 1_024;

/// What stands at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The path, as `juicetop show --path` takes it.
    pub path: String,
    /// More about the place: which line of a text, what of a list of numbers.
    pub note: Option<String>,
    /// What the first has there, as it was written; `None`: nothing.
    pub one: Option<String>,
    /// What the second has there.
    pub other: Option<String>,
}

/// The differences of two values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Where they differ, in the first one's order.
    pub changed: Vec<Line>,
    /// Differences that are not among them, being too many.
    pub more_changed: usize,
    /// Where they are the same.
    pub same: Vec<Line>,
    /// Such that are not among them.
    pub more_same: usize,
}

impl Diff {
    /// How many differences there are.
    pub fn count(&self) -> usize {
        self.changed.len() + self.more_changed
    }

    fn change(&mut self, line: Line) {
        match self.changed.len() < MOST {
            true => self.changed.push(line),
            false => self.more_changed += 1,
        }
    }

    fn agree(&mut self, path: &[Step], value: impl FnOnce() -> String) {
        if self.same.len() >= MOST_SAME {
            self.more_same += 1;
            return;
        }
        let value = value();
        let (one, other) = (Some(value.clone()), Some(value));
        self.same.push(Line { path: shown(path), note: None, one, other });
    }
}

/// How long somebody waits.
#[derive(Clone, Copy)]
pub struct Waits<'a> {
    /// Nobody does any more.
    pub is_stale: &'a dyn Fn() -> bool,
    /// Until when the shortest way from one text to another may be looked for from now on: [`PATIENCE`] later.
    pub soon: &'a dyn Fn() -> Instant,
}

/// Somebody who waits to the end.
#[cfg(test)]
pub(crate) const PATIENT: Waits<'static> =
    Waits { is_stale: &|| false, soon: &|| crate::time::Clock::start().instant(PATIENCE) };

/// Compares two JSON texts; what is none is compared as a text. `None`: nobody waits for it any more.
pub fn compare(one: &str, other: &str, waits: Waits<'_>) -> Option<Diff> {
    let mut diff = Diff::default();
    let indices = (Index::new(one), Index::new(other));
    let (Ok(first), Ok(second)) = &indices else {
        match one == other {
            true => diff.agree(&[], || brief_text(one)),
            false => text(&mut diff, &[], one, other, waits),
        }
        return Some(diff);
    };
    let trees = [Tree::new(one, first), Tree::new(other, second)];
    let walk = Walk { trees, path: Vec::new(), levels: Vec::new(), diff: &mut diff, waits };
    walk.run().then_some(diff)
}

/// A pair of values, one of which may be missing.
type Pair = (Option<Entry>, Option<Entry>);

/// A container that both have at one path, as far as it was compared.
enum Level<'a> {
    Object(vec::IntoIter<Pair>),
    Array { one: Entries<'a>, other: Entries<'a> },
}

struct Walk<'a, 'd> {
    trees: [Tree<'a>; 2],
    /// A step for each level, and for the pair that is looked at.
    path: Vec<Step>,
    levels: Vec<Level<'a>>,
    diff: &'d mut Diff,
    waits: Waits<'d>,
}

impl Walk<'_, '_> {
    /// True: it came to its end.
    fn run(mut self) -> bool {
        let roots = self.trees.map(|tree| tree.root().value);
        self.values(&roots[0], &roots[1]);
        let mut seen = 0_usize;
        while let Some(level) = self.levels.last_mut() {
            seen += 1;
            if seen.is_multiple_of(SLICE) && (self.waits.is_stale)() {
                return false;
            }
            let pair = match level {
                Level::Object(pairs) => pairs.next().unwrap_or_default(),
                Level::Array { one, other } => (one.next(), other.next()),
            };
            // The path ends with the pair before it, if there was one.
            self.path.truncate(self.levels.len() - 1);
            match pair {
                (None, None) => {
                    self.levels.pop();
                }
                (Some(one), Some(other)) => {
                    self.path.push(super::path::step(&self.trees[0], &one));
                    self.values(&one.value, &other.value);
                }
                (Some(entry), None) => self.alone(0, &entry),
                (None, Some(entry)) => self.alone(1, &entry),
            }
        }
        true
    }

    /// Something that only one of them has; items beyond the other's end are told together.
    fn alone(&mut self, side: usize, entry: &Entry) {
        let tree = self.trees[side];
        let mut path = self.path.clone();
        path.push(super::path::step(&tree, entry));
        let mut value = brief(&tree, &entry.value);
        let mut note = None;
        if let Some(Level::Array { one, other }) = self.levels.last_mut() {
            let rest = if side == 0 { one } else { other }.by_ref().count();
            if rest > 0 {
                value = format!("{} items", rest + 1);
                note = Some(format!("to [{}]", entry.number + rest));
            }
        }
        let sides = if side == 0 { (Some(value), None) } else { (None, Some(value)) };
        self.diff.change(Line { path: shown(&path), note, one: sides.0, other: sides.1 });
    }

    /// Two values at the path.
    fn values(&mut self, one: &Range<usize>, other: &Range<usize>) {
        let [a, b] = self.trees;
        let (first, second) = (a.raw(one), b.raw(other));
        if first == second {
            self.diff.agree(&self.path, || brief(&a, one));
            return;
        }
        match (a.byte(one.start), b.byte(other.start)) {
            (b'{', b'{') => {
                let pairs = members(&self.trees, [one.start, other.start]);
                self.levels.push(Level::Object(pairs.into_iter()));
            }
            (b'[', b'[') if is_plain(&a, one) && is_plain(&b, other) => self.differ(one, other),
            (b'[', b'[') => {
                let opens = [one.start, other.start];
                let shapes = [series::shape(&a, opens[0]), series::shape(&b, opens[1])];
                match shapes {
                    [Shape::Numbers, Shape::Numbers] => self.numbers(opens, None),
                    [Shape::Grid { columns }, Shape::Grid { columns: others }] if columns == others => {
                        self.numbers(opens, Some(columns));
                    }
                    _ => {
                        let (one, other) = (a.entries(Some(opens[0])), b.entries(Some(opens[1])));
                        self.levels.push(Level::Array { one, other });
                    }
                }
            }
            (b'"', b'"') => match (json::string(first), json::string(second)) {
                (Some(one), Some(other)) if one == other && same_points(first, second) => {
                    self.diff.agree(&self.path, || brief_text(first));
                }
                (Some(one), Some(other)) if one != other && one.contains('\n') && other.contains('\n') => {
                    text(self.diff, &self.path, &one, &other, self.waits);
                }
                _ => self.differ(one, other),
            },
            _ => self.differ(one, other),
        }
    }

    fn differ(&mut self, one: &Range<usize>, other: &Range<usize>) {
        let [a, b] = &self.trees;
        let (one, other) = (Some(brief(a, one)), Some(brief(b, other)));
        self.diff.change(Line { path: shown(&self.path), note: None, one, other });
    }

    /// Two lists of numbers: how many differ, both means, and where the difference is largest.
    fn numbers(&mut self, opens: [usize; 2], columns: Option<usize>) {
        let series = [0, 1].map(|side| {
            let mut series = Series::new(opens[side], columns);
            series.step(&self.trees[side], usize::MAX);
            series
        });
        let counts = [0, 1].map(|side: usize| series[side].summary.count);
        let mut differing = counts[0].abs_diff(counts[1]);
        let mut most: Option<(f64, usize, [Range<usize>; 2])> = None;
        let [first, second] = [0, 1].map(|side| cells(self.trees[side], opens[side], columns));
        for (at, (one, other)) in first.zip(second).enumerate() {
            let raw = [self.trees[0].raw(&one), self.trees[1].raw(&other)];
            if raw[0] == raw[1] {
                continue;
            }
            differing += 1;
            let apart = match raw.map(number::value) {
                [Some(one), Some(other)] if one.is_finite() && other.is_finite() => (one - other).abs(),
                _ => continue,
            };
            if most.as_ref().is_none_or(|(largest, ..)| apart > *largest) {
                most = Some((apart, at, [one, other]));
            }
        }
        let means = [0, 1].map(|side: usize| {
            let mean = series[side].summary.mean().map(|mean| format!("mean {mean:.6}"));
            // How many they are says the note, where it is the same.
            let count =
                (counts[0] != counts[1] || mean.is_none()).then(|| format!("{} numbers", counts[side]));
            count.into_iter().chain(mean).collect::<Vec<_>>().join(", ")
        });
        let note = match counts[0].max(counts[1]) {
            all if all == differing => "all differ".to_owned(),
            all => format!("{differing} of {all} differ"),
        };
        let [one, other] = means.map(Some);
        if differing == 0 {
            // Only blanks do.
            self.diff.agree(&self.path, || one.unwrap_or_default());
            return;
        }
        self.diff.change(Line { path: shown(&self.path), note: Some(note), one, other });
        if let Some((_, at, places)) = most {
            let mut path = self.path.clone();
            let item = |number: usize| Step::Item(i64::try_from(number).unwrap_or(i64::MAX));
            match columns {
                None => path.push(item(at)),
                Some(columns) => path.extend([item(at / columns), item(at % columns)]),
            }
            let [one, other] = [0, 1].map(|side| Some(self.trees[side].raw(&places[side]).to_owned()));
            let note = Some("differs most".to_owned());
            self.diff.change(Line { path: shown(&path), note, one, other });
        }
    }
}

/// The numbers of a list, or of a list of rows one row after the other.
fn cells(tree: Tree<'_>, open: usize, columns: Option<usize>) -> Box<dyn Iterator<Item = Range<usize>> + '_> {
    let entries = tree.entries(Some(open)).map(|entry| entry.value);
    match columns {
        None => Box::new(entries),
        // Rows of another length keep their columns.
        Some(columns) => Box::new(entries.flat_map(move |row| {
            let items = tree.entries(Some(row.start)).map(|entry| entry.value);
            items.chain(std::iter::repeat(row.end..row.end)).take(columns)
        })),
    }
}

/// The members of two objects by name, in the first one's order; of members with one name the first goes with the first.
fn members(trees: &[Tree<'_>; 2], opens: [usize; 2]) -> Vec<Pair> {
    let all = |side: usize| {
        let tree = trees[side];
        let mut counts: HashMap<String, usize> = HashMap::new();
        tree.entries(Some(opens[side])).map(move |entry| {
            let called = name(entry.key.as_ref().map_or("", |key| tree.raw(key))).into_owned();
            let nth = counts.entry(called.clone()).or_default();
            *nth += 1;
            ((called, *nth), entry)
        })
    };
    let mut others: HashMap<(String, usize), Entry> = all(1).collect();
    let mut pairs: Vec<Pair> = all(0).map(|(called, entry)| (Some(entry), others.remove(&called))).collect();
    let mut rest: Vec<Entry> = others.into_values().collect();
    rest.sort_by_key(|entry| entry.number);
    pairs.extend(rest.into_iter().map(|entry| (None, Some(entry))));
    pairs
}

/// A list so short, and without an object in it, that it is compared as a whole.
fn is_plain(tree: &Tree<'_>, range: &Range<usize>) -> bool {
    range.len() <= SHORT && !tree.raw(range).contains('{')
}

/// Two strings have the same code points, lone surrogates too.
fn same_points(one: &str, other: &str) -> bool {
    match (json::code_points(one), json::code_points(other)) {
        (Some(one), Some(other)) => one.eq(other),
        _ => false,
    }
}

/// Two texts of several lines, by their lines.
fn text(diff: &mut Diff, path: &[Step], one: &str, other: &str, waits: Waits<'_>) {
    // The library splits at lone carriage returns too, which no editor counts as lines.
    let [old, new] = [one, other].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut unchanged = 0;
    for op in ways(&old, &new, (waits.soon)()) {
        if let DiffOp::Equal { len, .. } = op {
            unchanged += len;
            continue;
        }
        let (before, after) = (op.old_range(), op.new_range());
        for nth in 0..before.len().max(after.len()) {
            let sides =
                [old.get(before.clone()), new.get(after.clone())].map(|lines| lines?.get(nth).copied());
            let number = if nth < before.len() { before.start } else { after.start } + nth + 1;
            let ends = |line: &str| line.trim_end_matches(['\n', '\r']).to_owned();
            // Where only the lines' ends differ, they have to be seen.
            let is_end = sides[0].map(ends) == sides[1].map(ends);
            let [one, other] = sides.map(|side| {
                side.map(|line| brief_text(&if is_end { json::quote(line) } else { ends(line) }))
            });
            diff.change(Line { path: shown(path), note: Some(format!("line {number}")), one, other });
        }
    }
    if unchanged > 0 {
        diff.agree(path, || format!("{unchanged} lines"));
    }
}

/// The shortest way from these lines to those, or one that was found in time. The library's own door for texts brings along all of
/// its algorithms, 0.2 MB of them.
fn ways(old: &[&str], new: &[&str], deadline: Instant) -> Vec<DiffOp> {
    let lines = IdentifyDistinct::<u32>::new(old, 0..old.len(), new, 0..new.len());
    let (before, after) = (lines.old_lookup(), lines.new_lookup());
    let mut ways = Compact::new(Replace::new(Capture::new()), before, after);
    let Ok(()) =
        myers::diff_deadline(&mut ways, before, lines.old_range(), after, lines.new_range(), Some(deadline));
    ways.into_inner().into_inner().into_ops()
}

fn shown(path: &[Step]) -> String {
    Path(path.to_vec()).to_string()
}

/// A value for a line: as it is written, or its size.
fn brief(tree: &Tree<'_>, range: &Range<usize>) -> String {
    let raw = tree.raw(range);
    let count = |one: &str| {
        let count = tree.count(range.start);
        format!("{count} {one}{}", if count == 1 { "" } else { "s" })
    };
    match tree.byte(range.start) {
        b'[' if range.len() > SHORT => format!("[{}]", count("item")),
        b'{' if range.len() > SHORT => format!("{{{}}}", count("member")),
        _ => brief_text(raw),
    }
}

fn brief_text(text: &str) -> String {
    if text.len() <= LONG {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LONG);
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn diff(one: &str, other: &str) -> Diff {
        compare(one, other, PATIENT).expect("nobody gives it up")
    }

    /// `path note: one | other`, a line each.
    fn told(one: &str, other: &str) -> Vec<String> {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        let line = |line: &Line| {
            let note = line.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            format!("{}{note}: {} | {}", line.path, side(&line.one), side(&line.other))
        };
        diff(one, other).changed.iter().map(line).collect()
    }

    #[test]
    fn members_are_compared_by_name_in_the_first_ones_order() {
        let one = r#"{"qubit": "q1", "n": 10, "deep": {"a": [1, {"b": null}]}, "gone": true}"#;
        let other = r#"{"n": 10.0, "new": [], "qubit": "q2", "deep": {"a": [1, {"b": 0}]}}"#;
        let expected = [
            r#"qubit: "q1" | "q2""#,
            "n: 10 | 10.0",
            "deep.a[1].b: null | 0",
            "gone: true | -",
            "new: - | []",
        ];
        assert_eq!(told(one, other), expected);
        let same = diff(one, one);
        assert_eq!((same.count(), same.same.len()), (0, 1));
    }

    #[test]
    fn what_is_only_written_differently_is_the_same_for_texts_and_not_for_numbers() {
        assert_eq!(
            told(r#"{"a": "\u00e9", "b":[1,2]}"#, r#"{ "a":"é", "b": [1, 2] }"#),
            ["b: [1,2] | [1, 2]"]
        );
        assert_eq!(told("1e3", "1000.0"), [".: 1e3 | 1000.0"]);
        assert_eq!(told(r#""\ud800""#, r#""\ud801""#), [r#".: "\ud800" | "\ud801""#]);
        assert_eq!(told("[NaN, -0.0]", "[NaN, -0.0]"), [""; 0]);
        // Doubled members go by their order.
        assert_eq!(told(r#"{"a": 1, "a": 2}"#, r#"{"a": 1, "a": 3}"#), ["a: 2 | 3"]);
    }

    #[test]
    fn a_long_list_of_numbers_is_told_in_two_lines() {
        let list = |f: fn(f64) -> f64| {
            let items: Vec<String> = (0..1_000).map(|n| format!("{:.3}", f(f64::from(n)))).collect();
            format!("{{\"t1\": [{}]}}", items.join(", "))
        };
        let one = list(|n| n);
        let other = list(|n| {
            if n == 17.0 {
                20.0
            } else if n == 5.0 {
                5.5
            } else {
                n
            }
        });
        assert_eq!(
            told(&one, &other),
            [
                "t1 (2 of 1000 differ): mean 499.500000 | mean 499.503500",
                "t1[17] (differs most): 17.000 | 20.000"
            ]
        );
        let shorter = one.replace(", 999.000", "");
        assert_eq!(
            told(&one, &shorter)[0],
            "t1 (1 of 1000 differ): 1000 numbers, mean 499.500000 | 999 numbers, mean 499.000000"
        );
        let grid = |last: f64| {
            let rows: Vec<String> = (0..40).map(|n| format!("[{n}, 1, {last}]")).collect();
            format!("[{}]", rows.join(","))
        };
        let lines = told(&grid(2.0), &grid(2.5));
        assert_eq!(lines[0].split(':').next(), Some(". (40 of 120 differ)"));
        assert_eq!(lines[1], "[0][2] (differs most): 2 | 2.5");
    }

    #[test]
    fn items_beyond_the_others_end_are_told_together() {
        let words = |n: usize| format!("[{}]", vec!["\"a long enough word\""; n].join(", "));
        assert_eq!(told(&words(5), &words(9)), ["[5] (to [8]): - | 4 items"]);
        assert_eq!(told(&words(5), &words(4)), [r#"[4]: "a long enough word" | -"#]);
    }

    #[test]
    fn a_text_of_several_lines_is_compared_by_its_lines() {
        let cell = |line: &str| format!(r#"{{"code": "import a\n{line}\nrun()\n"}}"#);
        assert_eq!(told(&cell("n = 1"), &cell("n = 2")), ["code (line 2): n = 1 | n = 2"]);
        let inserted = r#"{"code": "import a\nn = 1\nm = 2\nrun()\n"}"#;
        assert_eq!(told(&cell("n = 1"), inserted), ["code (line 3): - | m = 2"]);
        assert_eq!(told(r#""a\nb""#, r#""a\nb\n""#), [r#". (line 2): "b" | "b\n""#]);
        assert_eq!(told("not\njson", "not\njson at all"), [". (line 2): json | json at all"]);
    }

    #[test]
    fn deep_wide_and_long_ones_are_compared_and_bounded() {
        let deep = |inside: &str| format!("{}{inside}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(diff(&deep("1"), &deep("2")).count(), 1);
        let wide = |value: u32| {
            let members: Vec<String> = (0..5_000).map(|n| format!("\"k{n}\": {value}")).collect();
            format!("{{{}}}", members.join(", "))
        };
        let wide = diff(&wide(1), &wide(2));
        assert_eq!((wide.count(), wide.changed.len()), (5_000, MOST));
        let long = format!("\"{}\"", "é".repeat(5_000));
        let line = diff(&long, "1").changed.remove(0);
        assert!(line.one.is_some_and(|text| text.len() <= LONG + 3 && text.ends_with('…')));
        let items = format!("[{}]", vec!["\"x\""; 5_000].join(","));
        assert_eq!(
            compare(&items, &items.replace('x', "y"), Waits { is_stale: &|| true, ..PATIENT }),
            None,
            "given up"
        );
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("NaN".to_owned()),
            "-?(0|[1-9][0-9]{0,3})",
            "[a-c\n\"\\\\é]{0,4}".prop_map(|text| json::quote(&text)),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let member = ("[ab]", inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
                prop::collection::vec(member, 0..4).prop_map(|all| {
                    let all: Vec<String> = all.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
                    format!("{{{}}}", all.join(", "))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_finds_nothing_in_one_and_something_in_two(one in value(), other in value()) {
            prop_assert_eq!(diff(&one, &one).count(), 0);
            let (there, back) = (diff(&one, &other), diff(&other, &one));
            prop_assert_eq!(there.count() == 0, back.count() == 0);
            // All of these are written by one rule: what differs in bytes differs.
            prop_assert_eq!(there.count() == 0, one == other || sorted(&one) == sorted(&other), "{} {}", one, other);
        }

        #[test]
        fn any_two_texts_can_be_compared(one in ".{0,40}", other in ".{0,40}") {
            prop_assert_eq!(diff(&one, &one).count(), 0);
            diff(&one, &other);
        }
    }

    /// The order of members with different names is the only thing that may differ.
    fn sorted(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut todo = vec![(String::new(), text.to_owned())];
        while let Some((path, raw)) = todo.pop() {
            match json::kind(&raw) {
                Some(json::Kind::Object) => {
                    let mut counts: HashMap<String, usize> = HashMap::new();
                    all.push(format!("{path}{{}}"));
                    for (name, value) in json::members(&raw).unwrap() {
                        let nth = counts.entry(name.to_string()).or_default();
                        *nth += 1;
                        todo.push((format!("{path}.{name}#{nth}"), value.to_owned()));
                    }
                }
                Some(json::Kind::Array) => {
                    all.push(format!("{path}[]"));
                    for (n, item) in json::items(&raw).unwrap().iter().enumerate() {
                        todo.push((format!("{path}[{n}]"), (*item).to_owned()));
                    }
                }
                _ => all.push(format!("{path}={raw}")),
            }
        }
        all.sort();
        all
    }
}
