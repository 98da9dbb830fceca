//! What makes two tasks the same kind of work: their service and type, and what they were given.
//!
//! Which of a task's values its time depends on, nobody has told. So a task has several marks, from the closest likeness
//! to the widest, and the closest that enough runs share counts ([`Basis`]). Marks are hashes of this run of the program:
//! they are compared, and never written.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    store::Task,
    wire::{
        Text,
        group::Mark,
        json::{self, Kind, Piece},
    },
};

/// Larger payloads are not looked into: to read one at each start would delay the screen. In bytes.
pub const LARGEST: usize = 64 * 1024;

/// Cells that run whatever code they are given: their class tells nothing about their time.
const ANY_CODE: [&str; 3] = ["IPythonTask", "RawIPython", ""];

/// The fields of a cell in which its code stands.
const CODE: [&str; 2] = ["code", "raw_code"];

/// In what runs are like a task, the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Their payloads have the same values. (Of cells: the same code as well.)
    Values,
    /// They have the same display name: all that is known of a task whose payload was not seen.
    Name,
    /// Their payloads are the same but for texts. (Of cells: texts inside the code as well.)
    Numbers,
    /// Their names are the same but for texts: as good where the payload was not seen. Of cells it says nothing, for
    /// their code is such a text.
    NameNumbers,
    /// Their payloads have the same fields, with lists as long. (Of cells: the same code but for numbers and texts.)
    Fields,
    /// Their names are the same but for numbers: the next best where the payload was not seen.
    NameShape,
    /// They are of the same type, or of cells the same class. Cells that run any code have no such likeness.
    Type,
}

impl Basis {
    /// All of them, the closest first.
    pub const ALL: [Basis; 7] = [
        Basis::Values,
        Basis::Name,
        Basis::Numbers,
        Basis::NameNumbers,
        Basis::Fields,
        Basis::NameShape,
        Basis::Type,
    ];

    /// Whether a task is expected to take what such runs took. On the numbers in a payload a time may depend: where
    /// they differ, or are not known, the runs only tell roughly.
    pub fn is_close(self) -> bool {
        self <= Basis::NameNumbers
    }

    /// Its word, as `--json` has it.
    pub fn word(self) -> &'static str {
        match self {
            Basis::Values => "values",
            Basis::Name => "name",
            Basis::Numbers => "numbers",
            Basis::NameNumbers => "name-numbers",
            Basis::Fields => "fields",
            Basis::NameShape => "name-shape",
            Basis::Type => "type",
        }
    }

    /// What the runs have in common with the task, in a few words behind *runs with*. `is_cell`: it is a cell.
    pub fn words(self, is_cell: bool) -> &'static str {
        match self {
            Basis::Values if is_cell => "the same code and values",
            Basis::Values => "the same values",
            Basis::Name => "the same name",
            Basis::Numbers if is_cell => "the same code but for texts",
            Basis::Numbers => "the same numbers; texts may differ",
            Basis::NameNumbers => "the same name but for texts",
            Basis::Fields if is_cell => "the same code but for numbers and texts",
            Basis::Fields => "the same fields; values may differ",
            Basis::NameShape => "the same name but for numbers",
            Basis::Type if is_cell => "the same class; what they were given may differ",
            Basis::Type => "the same type; what they were given may differ",
        }
    }
}

/// A task's marks, by [`Basis`]; 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Alike {
    /// Of service, type and, for cells, class.
    pub kind: u64,
    marks: [u64; 7],
}

impl Alike {
    /// Of a task, as far as it is known.
    pub fn of(task: &Task) -> Alike {
        let name = Mark::read(&task.name).map_or(&*task.name, |(name, _)| name);
        let class = class(&task.task_type, name);
        let kind = kind(&task.service, &task.task_type, class);
        let is_cell = task.is_ipython();
        let payload = task.payload.as_ref().and_then(|payload| payload_marks(payload, is_cell));
        let [values, numbers, fields] = payload.unwrap_or_default();
        let [by_name, by_numbers, by_shape] = name_marks(name, is_cell);
        let by_type = if is_cell && ANY_CODE.contains(&class) { 0 } else { kind };
        Alike { kind, marks: [values, by_name, numbers, by_numbers, fields, by_shape, by_type] }
    }

    /// Of all tasks of a type; `class` counts for cells only.
    pub fn of_type(service: &str, task_type: &str, class: &str) -> Alike {
        let is_cell = task_type == "IPythonTask";
        let class = if is_cell { class } else { task_type };
        let kind = kind(service, task_type, class);
        let by_type = if is_cell && ANY_CODE.contains(&class) { 0 } else { kind };
        Alike { kind, marks: [0, 0, 0, 0, 0, 0, by_type] }
    }

    /// The mark of that likeness; 0: none.
    pub fn mark(&self, basis: Basis) -> u64 {
        self.marks[basis as usize]
    }
}

/// The marks of a name as it is, without its texts, and without its numbers. A name is like Python, but a cell's code
/// stands in it as a text.
fn name_marks(name: &str, is_cell: bool) -> [u64; 3] {
    if name.is_empty() {
        return [0; 3];
    }
    let without_texts = mark(|hasher| {
        for part in parts(name) {
            match part {
                Code::Text(_) => "s".hash(hasher),
                Code::Number(other) | Code::Other(other) => other.hash(hasher),
            }
        }
    });
    let without_numbers = mark(|hasher| {
        for part in name.split(['\'', '"']).flat_map(parts) {
            match part {
                Code::Number(_) => "n".hash(hasher),
                Code::Text(other) | Code::Other(other) => other.hash(hasher),
            }
        }
    });
    [mark(|hasher| name.hash(hasher)), if is_cell { 0 } else { without_texts }, without_numbers]
}

/// The class that a cell's name begins with; of other tasks the type is the class.
fn class<'a>(task_type: &'a str, name: &'a str) -> &'a str {
    if task_type == "IPythonTask" { name.split(':').next().unwrap_or_default().trim() } else { task_type }
}

fn kind(service: &str, task_type: &str, class: &str) -> u64 {
    mark(|hasher| (service, task_type, class).hash(hasher))
}

/// A hash that is never 0.
pub(super) fn mark(write: impl FnOnce(&mut DefaultHasher)) -> u64 {
    let mut hasher = DefaultHasher::new();
    write(&mut hasher);
    hasher.finish().max(1)
}

/// The marks of values, numbers and fields; `None`: too large, or no object.
fn payload_marks(payload: &Text, is_cell: bool) -> Option<[u64; 3]> {
    if payload.len() > LARGEST {
        return None;
    }
    let mut members = json::members(payload).ok()?;
    // In which order somebody's client writes them changes nothing.
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut marks = Marks::default();
    for (name, value) in &members {
        marks.all(name);
        let code = json::string(value).filter(|_| is_cell && CODE.contains(&&**name));
        match code {
            Some(code) => marks.code(&code),
            None => marks.value(value),
        }
    }
    Some([marks.values, marks.numbers, marks.fields].map(|hasher| hasher.finish().max(1)))
}

/// Three hashes that are made in one pass.
#[derive(Default)]
struct Marks {
    values: DefaultHasher,
    numbers: DefaultHasher,
    fields: DefaultHasher,
}

impl Marks {
    fn all(&mut self, text: &str) {
        self.each(text, text, text);
    }

    /// Each text with its end, so that `ab`, `c` is not `a`, `bc`.
    fn each(&mut self, values: &str, numbers: &str, fields: &str) {
        values.hash(&mut self.values);
        numbers.hash(&mut self.numbers);
        fields.hash(&mut self.fields);
    }

    fn value(&mut self, raw: &str) {
        let mut pieces = json::pieces(raw).peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Open('{') => self.all("{"),
                Piece::Open(_) => self.all("["),
                Piece::Close(_) => self.all("]"),
                // They stand between what is marked anyway.
                Piece::Comma | Piece::Colon => {}
                Piece::Scalar(key) if pieces.peek() == Some(&Piece::Colon) => self.all(key),
                Piece::Scalar(scalar) => match json::kind(scalar) {
                    Some(Kind::String) => self.each(scalar, "s", "s"),
                    Some(Kind::Number) => self.each(scalar, scalar, "n"),
                    Some(Kind::Bool) => self.each(scalar, scalar, "b"),
                    _ => self.all(scalar),
                },
            }
        }
    }

    /// Python code: its numbers and its texts are what a class puts into it.
    fn code(&mut self, code: &str) {
        for part in parts(code) {
            match part {
                Code::Text(text) => self.each(text, "s", "s"),
                Code::Number(number) => self.each(number, number, "n"),
                Code::Other(other) => self.all(other),
            }
        }
    }
}

/// A part of Python code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code<'a> {
    /// A text with its quotes.
    Text(&'a str),
    /// A number.
    Number(&'a str),
    /// Anything else, up to the next of these.
    Other(&'a str),
}

/// Cuts code into its texts, its numbers and what stands between. It judges nothing: what is no Python comes out in
/// some parts too.
fn parts(code: &str) -> impl Iterator<Item = Code<'_>> {
    let mut rest = code;
    // Whether the character before is one of a name: `q3` holds no number.
    let mut in_name = false;
    std::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        let begins = |at: usize, in_name: bool| match bytes[at] {
            b'"' | b'\'' => true,
            byte => byte.is_ascii_digit() && !in_name,
        };
        let (is_text, is_number) = (matches!(first, b'"' | b'\''), begins(0, in_name));
        let mut end = 1;
        if is_text {
            end = text_end(rest);
        } else if is_number {
            end = number_end(rest);
        } else {
            let mut inside = is_name(first);
            while end < bytes.len() && !begins(end, inside) {
                inside = is_name(bytes[end]);
                end += 1;
            }
        }
        let (piece, after) = rest.split_at(end);
        in_name = piece.as_bytes().last().copied().is_some_and(is_name);
        rest = after;
        Some(match (is_text, is_number) {
            (true, _) => Code::Text(piece),
            (_, true) => Code::Number(piece),
            _ => Code::Other(piece),
        })
    })
}

/// Whether a byte can stand in a name; what is not ASCII can.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The end of the number that `text` starts with: `12_000`, `1e-7`, `0x1F`, `2.5j`.
fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 1;
    while let Some(byte) = bytes.get(end) {
        let sign = matches!(byte, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E');
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || sign) {
            break;
        }
        end += 1;
    }
    end
}

/// The end of the text that `text` starts with, in one or three quotes; its own end where it is not closed.
fn text_end(text: &str) -> usize {
    let quote = text.get(..1).unwrap_or_default();
    let three = text.get(..3).filter(|three| three.matches(quote).count() == 3);
    let closing = three.unwrap_or(quote);
    let mut at = closing.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(closing) {
            return at + closing.len();
        }
        let step = if rest.starts_with('\\') { 2 } else { 1 };
        at += rest.chars().take(step).map(char::len_utf8).sum::<usize>();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marks(payload: &str, is_cell: bool) -> [u64; 3] {
        payload_marks(&payload.into(), is_cell).unwrap()
    }

    /// Which of values, numbers and fields two payloads share.
    fn shared(one: &str, other: &str, is_cell: bool) -> [bool; 3] {
        let (one, other) = (marks(one, is_cell), marks(other, is_cell));
        std::array::from_fn(|at| one[at] == other[at])
    }

    #[test]
    fn payloads_are_compared_by_values_numbers_and_fields() {
        let base = r#"{"qubit": "q3", "averages": 2000, "sweep": {"points": [1, 2.5]}, "fit": true}"#;
        let same = r#"{"fit":true,"averages":2000,"sweep":{"points":[1,2.5]},"qubit":"q3"}"#;
        for (other, is) in [
            (same, [true, true, true]),
            (&base.replace("q3", "q4"), [false, true, true]),
            (&base.replace("2000", "50"), [false, false, true]),
            (&base.replace("true", "false"), [false, false, true]),
            (&base.replace("2.5", "2.5, 9"), [false, false, false]),
            (&base.replace("2.5", "\"2.5\""), [false, false, false]),
            (&base.replace("points", "pints"), [false, false, false]),
            (&base.replace("[1, 2.5]", "[[1, 2.5]]"), [false, false, false]),
            (r#"{"qubit": "q3"}"#, [false, false, false]),
        ] {
            assert_eq!(shared(base, other, false), is, "{other}");
        }
        assert_eq!(payload_marks(&"[1]".into(), false), None, "no object");
        let large = format!(r#"{{"points": [{}1]}}"#, "1, ".repeat(LARGEST / 3));
        assert_eq!(payload_marks(&large.as_str().into(), false), None, "too large");
    }

    #[test]
    fn the_code_of_cells_is_compared_without_its_numbers_and_texts() {
        let cell = |code: &str| format!(r#"{{"code": {}, "run_async": false}}"#, json::quote(code));
        let base = cell("scan(q3, 'amp', 1e-7, n=20)");
        for (code, is) in [
            ("scan(q3, 'a\\'b', 1e-7, n=20)", [false, true, true]),
            ("scan(q3, '''a\nb''', 1e-7, n=20)", [false, true, true]),
            ("scan(q3, \"amp\", 1e-9, n=2_000)", [false, false, true]),
            ("scan(q4, 'amp', 1e-7, n=20)", [false, false, false]),
            ("scan(q3, 'amp', 1e-7, n=20) # 'x'", [false, false, false]),
        ] {
            assert_eq!(shared(&base, &cell(code), true), is, "{code}");
        }
        // To a plain service it is a text like any other.
        assert_eq!(shared(&base, &cell("other()"), false), [false, true, true]);
    }

    #[test]
    fn code_is_cut_into_texts_and_numbers() {
        use Code::{Number, Other, Text};
        let cut: Vec<_> = parts("q3 = f(2.5e-7, 'x\\'', r\"y\")0x1F 'open").collect();
        let wanted = [
            Other("q3 = f("),
            Number("2.5e-7"),
            Other(", "),
            Text("'x\\''"),
            Other(", r"),
            Text("\"y\""),
            Other(")"),
            Number("0x1F"),
            Other(" "),
            Text("'open"),
        ];
        assert_eq!(cut, wanted);
    }

    proptest! {
        #[test]
        fn any_code_comes_out_whole(code in r#"[a-z0-9_.'"\\ é(=+-]{0,60}"#) {
            let whole: String = parts(&code)
                .map(|part| match part {
                    Code::Text(text) | Code::Number(text) | Code::Other(text) => text,
                })
                .collect();
            prop_assert_eq!(whole, code);
        }

        #[test]
        fn any_text_is_a_payload_or_none(payload in "(?s).{0,80}", is_cell in any::<bool>()) {
            let one = payload_marks(&payload.as_str().into(), is_cell);
            prop_assert_eq!(one, payload_marks(&payload.as_str().into(), is_cell));
        }
    }
}
