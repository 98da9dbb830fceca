//! Standard output and standard error.
//!
//! A terminal gets text in which nothing from the lab can act as a control sequence; a pipe or a file gets the
//! original. Every line is flushed, so that a reader sees it when it happens.

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
};

use crate::{
    app::called_or,
    clean::{self, Charset, Clean},
    term::Capabilities,
};

/// Standard output.
#[derive(Debug)]
pub struct Out {
    terminal: bool,
    charset: Charset,
}

impl Out {
    /// What standard output is now. `ascii`: only seven bits are wanted.
    pub fn new(ascii: bool) -> Out {
        Out { terminal: io::stdout().is_terminal(), charset: charset(ascii) }
    }

    /// Which characters may be used.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Writes one line.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn line(&self, text: &str) -> io::Result<()> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Writes rows in columns, with a head; nothing where there are none.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn table<const N: usize>(&self, head: &[&str; N], rows: &[[String; N]]) -> io::Result<()> {
        let width = |text: &str| Clean::line(text, self.charset).width();
        let widths: Vec<usize> = (0..N)
            .map(|at| rows.iter().map(|row| width(&row[at])).chain([width(head[at])]).max().unwrap_or(0))
            .collect();
        let print = |row: &[&str]| {
            let mut line = String::new();
            for (text, most) in row.iter().zip(&widths) {
                line.push_str(text);
                line.push_str(&" ".repeat((most + 2).saturating_sub(width(text))));
            }
            self.line(line.trim_end())
        };
        if rows.is_empty() {
            return Ok(());
        }
        print(head)?;
        for row in rows {
            print(&row.each_ref().map(String::as_str))?;
        }
        Ok(())
    }

    /// Text from outside that is to stand in a line: clean on a terminal, else with its line breaks written as `\n`.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.terminal {
            return Cow::Owned(Clean::line(text, self.charset).into_string());
        }
        one_line(text)
    }

    /// A name that is to stand in a line: on a terminal no other one looks like it.
    pub fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.terminal { Cow::Owned(self.text(&clean::exact(name)).into_owned()) } else { one_line(name) }
    }

    /// What a task is called, in a line.
    pub fn task_name<'a>(&self, name: &'a str, task_type: &'a str) -> Cow<'a, str> {
        if self.terminal {
            return Cow::Owned(self.text(&called_or(name, task_type)).into_owned());
        }
        one_line(if name.is_empty() { task_type } else { name })
    }

    /// Text from outside that a format of its own (CSV) puts into marks: clean on a terminal, else as it is.
    pub fn cell<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.terminal { self.text(text) } else { Cow::Borrowed(text) }
    }

    /// JSON from outside. On a terminal, characters that could act there are written as JSON's own escapes, which
    /// changes nothing of what it says.
    pub fn json<'a>(&self, raw: &'a str) -> Cow<'a, str> {
        if self.terminal { escaped(raw) } else { Cow::Borrowed(raw) }
    }
}

/// Tells the person something, in one line on standard error. Whether that works is nobody's concern.
pub fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "juicetop: {}", for_people(text, stderr.is_terminal()));
}

/// Puts a question to the person, on standard error.
pub fn ask(title: &str, lines: &[&str], answers: &str) {
    let mut stderr = io::stderr().lock();
    let terminal = stderr.is_terminal();
    let _ = writeln!(stderr, "{}", for_people(title, terminal));
    for line in lines {
        let _ = writeln!(stderr, "  {}", for_people(line, terminal));
    }
    let _ = write!(stderr, "{answers} ");
    let _ = stderr.flush();
}

/// A line of a sentence, clean on a terminal.
fn for_people(text: &str, terminal: bool) -> Cow<'_, str> {
    if terminal { Cow::Owned(Clean::line(text, charset(false)).into_string()) } else { one_line(text) }
}

/// A text of many lines (a traceback) on standard error: clean on a terminal, else as it came.
pub fn say_block(text: &str) {
    let mut stderr = io::stderr().lock();
    if !stderr.is_terminal() {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let _ = write!(stderr, "{text}{end}");
        return;
    }
    for line in Clean::lines(text, charset(false)) {
        if writeln!(stderr, "{}", line.as_str()).is_err() {
            return;
        }
    }
}

fn charset(ascii: bool) -> Charset {
    let utf8 = Capabilities::from_env(&|name| std::env::var(name).ok()).utf8;
    if utf8 && !ascii { Charset::Unicode } else { Charset::Ascii }
}

pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\n', "\\n").replace('\r', "\\r"))
}

fn escaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains(acts) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    for character in raw.chars() {
        if acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether it must not reach a terminal as it is. JSON has none below U+0020 but its white space.
fn acts(character: char) -> bool {
    !matches!(character, '\n' | '\t') && clean::acts(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(terminal: bool) -> Out {
        Out { terminal, charset: Charset::Unicode }
    }

    #[test]
    fn a_terminal_gets_json_that_says_the_same_and_does_nothing() {
        let raw = "{\"a\": \"\u{9b}31m \u{202e}é 量 \u{e0041}\", \"b\": NaN}";
        let shown = out(true).json(raw);
        assert_eq!(shown, "{\"a\": \"\\u009b31m \\u202eé 量 \\udb40\\udc41\", \"b\": NaN}");
        let value =
            |raw| crate::wire::json::string(crate::wire::json::get(raw, "a").unwrap()).unwrap().into_owned();
        assert_eq!(value(&shown), value(raw));
        assert_eq!(out(false).json(raw), raw);
        let odd = "a\u{1b}[2J\u{9b}2J\u{202e}\n,b";
        assert_eq!(out(false).cell(odd), odd);
        assert!(!out(true).cell(odd).chars().any(clean::acts), "{}", out(true).cell(odd));
    }

    #[test]
    fn a_name_stays_in_its_line() {
        assert_eq!(out(false).text("a\nb\rc\u{1b}[m"), "a\\nb\\rc\u{1b}[m");
        assert!(!out(true).text("a\nb\u{1b}]0;x\u{7}").chars().any(char::is_control));
    }
}
