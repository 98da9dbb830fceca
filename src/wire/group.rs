//! Groups: tasks that were sent together, told by the end of their display names.
//!
//! Juice has no groups. Of all that a scheduled task carries, only its display name stands everywhere: in the
//! scheduler's list (which leaves the metadata out), in its events, in the task's own events, on dashboards and in the
//! history. So a member's name ends in ` [NAME 7/500 #4f2a]`, which people can read too; the service never looks at
//! the name. It refuses to read anything else as such a mark.

use super::Text;

/// Characters of a group's name.
const LONGEST: usize = 60;

/// What a member's name tells of its group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// The group's name, as the person gave it.
    pub name: Text,
    /// Four hexadecimal digits: groups of one name are told apart by them.
    pub tag: Text,
    /// Which member it is, from 1.
    pub place: u32,
    /// How many there are: two or more.
    pub of: u32,
}

impl Mark {
    /// Reads a display name: what stands before the mark, and the mark. `None`: it has none.
    pub fn read(display_name: &str) -> Option<(&str, Mark)> {
        // Names without a mark are read by the thousand.
        let body = display_name.strip_suffix(']')?;
        let (before, mark) = body.rsplit_once(" [")?;
        let (rest, tag) = mark.rsplit_once(" #")?;
        let (name, places) = rest.rsplit_once(' ')?;
        let (place, of) = places.split_once('/')?;
        let (place, of) = (number(place)?, number(of)?);
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let good = tag.len() == 4
            && tag.bytes().all(hex)
            && (1..=of).contains(&place)
            && of >= 2
            && !before.is_empty()
            && check(name).is_ok();
        good.then(|| (before, Mark { name: name.into(), tag: tag.into(), place, of }))
    }

    /// A display name with this mark behind it.
    pub fn write(&self, display_name: &str) -> String {
        format!("{display_name} [{} {}/{} #{}]", self.name, self.place, self.of, self.tag)
    }
}

/// A number as [`Mark::write`] writes it.
fn number(text: &str) -> Option<u32> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Whether a group can have this name.
///
/// # Errors
/// Why not, in one phrase.
pub fn check(name: &str) -> Result<(), &'static str> {
    if name.trim().is_empty() {
        return Err("a group needs a name");
    }
    if name.trim() != name {
        return Err("a group's name neither begins nor ends with a blank");
    }
    if name.chars().count() > LONGEST {
        return Err("a group's name has at most 60 characters");
    }
    if name.contains(['[', ']']) || name.chars().any(char::is_control) {
        return Err("a group's name has no brackets and no control characters");
    }
    Ok(())
}

/// The nearest good name: without what [`check`] refuses.
pub fn tidy(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !matches!(c, '[' | ']') && !c.is_control()).collect();
    let cut: String = plain.trim().chars().take(LONGEST).collect();
    if cut.trim().is_empty() { "sweep".to_owned() } else { cut.trim().to_owned() }
}

/// Four hexadecimal digits made of an id.
pub fn tag(id: &str) -> Text {
    // FNV-1a: ids of tests differ in one digit only, and each must count.
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{:04x}", (hash >> 16) ^ (hash & 0xffff)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(name: &str, place: u32, of: u32) -> Mark {
        Mark { name: name.into(), tag: "4f2a".into(), place, of }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (name, mark) in [
            ("MeasureT1: qubit='q3'", mark("T1 scan", 7, 500)),
            ("Ping", mark("x", 1, 2)),
            ("Odd [x 1/2 #4f2a]", mark("averages, qubit", 10_000, 10_000)),
        ] {
            let written = mark.write(name);
            assert_eq!(Mark::read(&written), Some((name, mark)), "{written}");
        }
        assert_eq!(mark("T1 scan", 7, 500).write("Ping"), "Ping [T1 scan 7/500 #4f2a]");
    }

    #[test]
    fn nothing_else_is_taken_for_a_mark() {
        for name in [
            "Fit: tags=['a', 'b']",
            "Fit: note='[x 1/2 #4f2a]'",
            "Fit [x 1/2]",
            "Fit [x 0/2 #4f2a]",
            "Fit [x 3/2 #4f2a]",
            "Fit [x 1/1 #4f2a]",
            "Fit [x 01/2 #4f2a]",
            "Fit [x 1/2 #4F2A]",
            "Fit [x 1/99999999999 #4f2a]",
            "Fit [ 1/2 #4f2a]",
            "Fit [1/2 #4f2a]",
            " [x 1/2 #4f2a]",
            "[x 1/2 #4f2a]",
            "]",
            "",
        ] {
            assert_eq!(Mark::read(name), None, "{name}");
        }
    }

    #[test]
    fn names_are_checked_and_tidied() {
        for bad in ["", "  ", " a", "a ", "a]b", "a\nb", &"x".repeat(61)] {
            assert!(check(bad).is_err(), "{bad:?}");
            assert!(check(&tidy(bad)).is_ok(), "{bad:?}");
        }
        assert!(check("T1 over q1…q5: [ no".trim_end_matches("[ no").trim()).is_ok());
        assert_ne!(tag("id-1"), tag("id-2"));
        assert_eq!(tag("id-1").len(), 4);
    }
}
