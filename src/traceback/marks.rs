//! Which characters of a source line the markers under it (`~~^~~`) mean.
//!
//! Python up to 3.12 counts characters, later ones count columns. Where the two differ the text itself tells: markers
//! begin and end between two words, not within one.

use unicode_width::UnicodeWidthChar;

use super::SourceLine;

impl SourceLine {
    /// The marker of each character of the text, a blank where it has none. It may be longer than the text: a syntax
    /// error can stand behind its end.
    pub fn marked(&self) -> Vec<char> {
        let marks: Vec<char> = self.marks.trim_end().chars().collect();
        let text: Vec<char> = self.text.chars().collect();
        let columns = by_columns(&text, &marks);
        if columns == marks || misplaced(&text, &marks) <= misplaced(&text, &columns) {
            marks
        } else {
            columns
        }
    }
}

/// The markers by character where they were written by column.
fn by_columns(text: &[char], marks: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(marks.len());
    let mut column = 0;
    for c in text {
        if column >= marks.len() {
            break;
        }
        out.push(marks[column]);
        column += c.width().unwrap_or(0).max(1);
    }
    out.extend(marks.iter().skip(column.max(text.len())));
    out
}

/// How many ends of the marked part stand where none can be.
fn misplaced(text: &[char], marks: &[char]) -> usize {
    let (Some(from), Some(last)) =
        (marks.iter().position(|m| *m != ' '), marks.iter().rposition(|m| *m != ' '))
    else {
        return 0;
    };
    let word = |at: usize| text.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let within = |at: usize| at > 0 && word(at - 1) && word(at);
    let blank = text.get(from).is_some_and(|c| c.is_whitespace());
    usize::from(blank || within(from)) + usize::from(within(last + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, marks: &str) -> String {
        let line = SourceLine { text: text.into(), marks: marks.into(), ..SourceLine::default() };
        line.marked().into_iter().collect()
    }

    #[test]
    fn markers_by_character_and_by_column_mean_the_same() {
        assert_eq!(marked("x = a / 0", "    ~~^~~"), "    ~~^~~");
        assert_eq!(marked("x = '冷却' + amp", "    ~~~~~^~~~~~"), "    ~~~~~^~~~~~");
        assert_eq!(marked("x = '冷却' + amp", "           ^^^"), "           ^^^", "Python 3.11");
        assert_eq!(marked("x = '冷却' + amp", "             ^^^"), "           ^^^", "Python 3.13");
        assert_eq!(marked("f(", "  ^"), "  ^", "behind the end");
        assert_eq!(marked("", "^"), "^");
        assert_eq!(marked("冷却 amp", ""), "");
    }
}
