//! Sweeps: one field of a form, or several, take many values, and each value makes a task.
//!
//! Pure, and lazy: it tells the count, the first, the last and any one value without making all. What it gives is raw
//! JSON, exact in decimals and whole where the field is an integer. It refuses what it would have to round for an
//! integer, and more values than anybody queues; whether a value fits its field is for the form's checks to say.
//!
//! | expression | values |
//! |---|---|
//! | `1, 2, 5` or `q1, q2, "a, b"` | these; every other form may stand in the list too |
//! | `0:1:11` | 11 values from 0 to 1, both ends among them |
//! | `5±2:5` or `5+-2:5` | 5 values from 5 − 2 to 5 + 2 |
//! | `log 1e3:1e6:7` | 7 values from 1000 to 1000000, each the same factor above the one before |
//! | `log 1:1000:9 round` | as above, rounded to integers |
//! | `0..10`, `0..100 by 5` | from 0 up to 10 in steps of 1; up to 100 in steps of 5 |
//! | `q1..q5` | q1 to q5 (text) |
//! | `*` or `all` | every option of a choice |

mod decimal;
mod pattern;
mod payloads;
mod plan;
#[cfg(test)]
mod tests;

use crate::wire::json::{self, Kind};

use decimal::{Decimal, Quotient, shortest};

pub use pattern::{Pattern, mark, put};
pub use payloads::Payloads;
pub use plan::{Combine, Plan};

/// The most values of one sweep, and the most tasks of one group: at the scheduler's one task a second almost three
/// hours, and a list of as many entries as the lab's router can still hand out.
pub const MOST: usize = 10_000;

/// What a swept field holds.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Integers, of any size.
    Integer,
    /// Numbers.
    Number,
    /// Decimals that go out as text, exact.
    Decimal,
    /// Text.
    Text,
    /// Options: what is shown, and the raw JSON.
    Choice(&'a [(&'a str, &'a str)]),
    /// Not known: JSON where it can be read as such, else text.
    Any,
}

/// The values of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    parts: Vec<Part>,
    count: usize,
}

/// A stretch of values.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Raw JSON.
    One(String),
    Even {
        from: Decimal,
        to: Decimal,
        count: usize,
        form: Form,
    },
    Steps {
        from: Decimal,
        step: Decimal,
        count: usize,
        form: Form,
    },
    Log {
        from: f64,
        to: f64,
        count: usize,
        round: bool,
        form: Form,
    },
    /// `q08..q12`
    Names {
        before: String,
        from: u64,
        to: u64,
        width: usize,
    },
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Integer,
    Number,
    Quoted,
}

impl Form {
    /// `None`: an integer is wanted and it is none.
    fn write(self, value: Quotient) -> Option<String> {
        match self {
            Form::Integer => value.whole(),
            Form::Number => Some(value.write()),
            Form::Quoted => Some(json::quote(&value.write())),
        }
    }
}

impl Sweep {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, in one phrase.
    pub fn read(text: &str, values: Values<'_>) -> Result<Sweep, String> {
        let mut parts = Vec::new();
        let mut count: usize = 0;
        for item in split(text)? {
            let added = read_item(item, values)?;
            for part in added {
                count = count.saturating_add(part.count());
                parts.push(part);
            }
            if count > MOST {
                return Err(format!("more than {MOST} values"));
            }
        }
        let sweep = Sweep { parts, count };
        sweep.check()?;
        Ok(sweep)
    }

    /// Every value can be written: integers are whole, floats stay finite.
    fn check(&self) -> Result<(), String> {
        for part in &self.parts {
            let mut before: Option<String> = None;
            for k in 0..part.count() {
                let Some(value) = part.nth(k) else { return Err(part.why_not(k)) };
                if matches!(part, Part::Log { round: true, .. }) && before.as_ref() == Some(&value) {
                    return Err(format!("{value} would come twice: take fewer values"));
                }
                before = Some(value);
            }
        }
        Ok(())
    }

    /// How many values there are: one at least.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The value of that number, from 0, as raw JSON.
    pub fn nth(&self, mut at: usize) -> Option<String> {
        for part in &self.parts {
            if at < part.count() {
                return part.nth(at);
            }
            at -= part.count();
        }
        None
    }

    /// All values in their order.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.parts.iter().flat_map(|part| (0..part.count()).filter_map(|at| part.nth(at)))
    }
}

impl Part {
    fn count(&self) -> usize {
        match self {
            Part::One(_) => 1,
            Part::Even { count, .. } | Part::Steps { count, .. } | Part::Log { count, .. } => *count,
            Part::Names { from, to, .. } => {
                usize::try_from(from.abs_diff(*to)).unwrap_or(usize::MAX).saturating_add(1)
            }
        }
    }

    fn nth(&self, k: usize) -> Option<String> {
        match self {
            Part::One(raw) => Some(raw.clone()),
            Part::Even { from, to, count, form } => form.write(Decimal::between(*from, *to, k, *count)?),
            Part::Steps { from, step, form, .. } => {
                form.write(from.plus(step.times(i128::try_from(k).ok()?)?)?.quotient())
            }
            Part::Log { from, to, count, round, form } => {
                let value = geometric(*from, *to, k, *count);
                let text = if *round { format!("{:.0}", value.round()) } else { tidy(value) };
                form.write(Decimal::read(&text)?.quotient())
            }
            Part::Names { before, from, to, width } => {
                let k = u64::try_from(k).ok()?;
                let number = if from <= to { from + k } else { from.checked_sub(k)? };
                Some(json::quote(&format!("{before}{number:0width$}")))
            }
        }
    }

    /// Why value `k` cannot be had.
    fn why_not(&self, k: usize) -> String {
        let value = match self {
            Part::Even { from, to, count, .. } => {
                Decimal::between(*from, *to, k, *count).map(Quotient::write)
            }
            Part::Log { from, to, count, .. } => Some(tidy(geometric(*from, *to, k, *count))),
            Part::Steps { from, step, .. } => i128::try_from(k)
                .ok()
                .and_then(|k| from.plus(step.times(k)?))
                .map(|value| value.quotient().write()),
            _ => None,
        };
        match value {
            Some(value) if matches!(self, Part::Log { .. }) => {
                format!("{value} is not a whole number: add the word round")
            }
            Some(value) => format!("{value} is not a whole number"),
            None => "numbers of this size only as a list".to_owned(),
        }
    }
}

/// The value number `k` of `count`, each the same factor above the one before. The ends are exact.
fn geometric(from: f64, to: f64, k: usize, count: usize) -> f64 {
    if k == 0 {
        return from;
    }
    if k + 1 >= count {
        return to;
    }
    let (low, high) = (from.log10(), to.log10());
    10_f64.powf(low + (high - low) * (k as f64 / (count - 1) as f64))
}

/// Without what the logarithm's last digits leave: 20.000000000000004 is 20.
fn tidy(value: f64) -> String {
    let near = format!("{value:.14e}");
    let short: f64 = near.parse().unwrap_or(value);
    let text = shortest(short);
    let digits = text.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    if digits <= 12 { text } else { shortest(value) }
}

/// The items of a list: commas part them, but not inside quotes.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut items = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            // A quote begins a quoted item only at its start: it's, 5" and the like are text.
            '"' if quoted || depth > 0 || text.get(start..at).is_some_and(|t| t.trim().is_empty()) => {
                quoted = !quoted;
            }
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                items.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err("a quote is not closed: add \"".to_owned());
    }
    items.push(text.get(start..).unwrap_or_default().trim());
    if items == [""] {
        return Err("no values yet, e.g. 1, 2, 5 or 0:1:11".to_owned());
    }
    if items.contains(&"") {
        return Err("a value is missing beside a comma".to_owned());
    }
    Ok(items)
}

fn read_item(item: &str, values: Values<'_>) -> Result<Vec<Part>, String> {
    let form = match values {
        Values::Integer => Form::Integer,
        Values::Number => Form::Number,
        Values::Decimal => Form::Quoted,
        Values::Choice(options) => return read_choice(item, options),
        Values::Text => return read_text(item),
        Values::Any => {
            return match read_numbers(item, Form::Number) {
                Some(read) => read,
                None if json::check(item).is_ok() => Ok(vec![Part::One(item.to_owned())]),
                None => read_text(item),
            };
        }
    };
    if let Some(read) = read_numbers(item, form) {
        return read;
    }
    if form == Form::Quoted {
        let text = json::string(item).map_or_else(|| item.to_owned(), std::borrow::Cow::into_owned);
        return Ok(vec![Part::One(json::quote(&text))]);
    }
    if json::kind(item) == Some(Kind::Number) && json::check(item).is_ok() {
        return Ok(vec![Part::One(item.to_owned())]);
    }
    Err(format!("`{}` is not a number", short(item)))
}

/// An item that is several numbers; `None`: it is none of those forms.
fn read_numbers(item: &str, form: Form) -> Option<Result<Vec<Part>, String>> {
    if let Some(rest) = word(item, "log") {
        return Some(read_log(rest, form));
    }
    if let Some((from, rest)) = item.split_once("..") {
        let (to, step) = rest.split_once("by").unwrap_or((rest, ""));
        if number(from).is_none() && number(to).is_none() {
            return None;
        }
        return Some(read_steps(from, to, step, form));
    }
    if let Some((centre, rest)) = item.split_once('±').or_else(|| item.split_once("+-")) {
        let Some((span, count)) = rest.split_once(':') else {
            return number(centre).map(|_| Err("the count is missing: centre±span:count".to_owned()));
        };
        return Some(read_even(centre, span, count, form, true));
    }
    let mut parts = item.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(from), Some(to), Some(count), None) if number(from).is_some() || number(to).is_some() => {
            Some(read_even(from, to, count, form, false))
        }
        (Some(from), Some(to), None, None) if number(from).is_some() && number(to).is_some() => {
            Some(Err("the count is missing: start:stop:count".to_owned()))
        }
        _ => None,
    }
}

/// What follows a word at the beginning of an item.
fn word<'a>(item: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = item.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then(|| rest.trim())
}

/// A finite number of JSON, which range ends must be.
fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = json::kind(text) == Some(Kind::Number) && json::check(text).is_ok();
    Decimal::read(text).filter(|_| plain)
}

fn end(text: &str) -> Result<Decimal, String> {
    number(text).ok_or_else(|| {
        let text = text.trim();
        if json::kind(text) == Some(Kind::Number) && json::check(text).is_ok() {
            format!("`{}` cannot be the end of a range", short(text))
        } else {
            format!("`{}` is not a number", short(text))
        }
    })
}

fn how_many(text: &str) -> Result<usize, String> {
    let text = text.trim();
    match text.parse::<usize>() {
        Ok(0) => Err("the count is 0".to_owned()),
        Ok(count) if count > MOST => Err(format!("more than {MOST} values")),
        Ok(count) => Ok(count),
        Err(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Err(format!("more than {MOST} values"))
        }
        Err(_) => Err(format!("`{}` is not a count", short(text))),
    }
}

fn read_even(from: &str, to: &str, count: &str, form: Form, around: bool) -> Result<Vec<Part>, String> {
    let (mut from, mut to) = (end(from)?, end(to)?);
    let count = how_many(count)?;
    let large = || "numbers of this size only as a list".to_owned();
    if around {
        (from, to) = (from.minus(to).ok_or_else(large)?, from.plus(to).ok_or_else(large)?);
    }
    if count == 1 && from != to {
        return Err("one value has only one end: give it alone, or a count of 2 or more".to_owned());
    }
    Ok(vec![Part::Even { from, to, count, form }])
}

fn read_steps(from: &str, to: &str, step: &str, form: Form) -> Result<Vec<Part>, String> {
    let (from, to) = (end(from)?, end(to)?);
    let large = || "numbers of this size only as a list".to_owned();
    let all = to.minus(from).ok_or_else(large)?;
    let one = Decimal::read("1").ok_or_else(large)?;
    let mut step = if step.trim().is_empty() { one } else { end(step)? };
    if step.sign() <= 0 {
        return Err("a step is above 0, also downwards".to_owned());
    }
    if all.sign() < 0 {
        step = step.times(-1).ok_or_else(large)?;
    }
    let steps = all.steps(step).ok_or_else(large)?;
    let count = usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(1);
    if count > MOST {
        return Err(format!("more than {MOST} values"));
    }
    Ok(vec![Part::Steps { from, step, count, form }])
}

fn read_log(rest: &str, form: Form) -> Result<Vec<Part>, String> {
    let (range, round) = match rest.rsplit_once(char::is_whitespace) {
        Some((range, last)) if last.eq_ignore_ascii_case("round") => (range, true),
        _ => (rest, false),
    };
    let parts: Vec<&str> = range.split(':').collect();
    let [from, to, count] = parts[..] else {
        return Err("log takes start:stop:count".to_owned());
    };
    let (from, to) = (end(from)?, end(to)?);
    if from.sign() <= 0 || to.sign() <= 0 {
        return Err("a logarithmic sweep needs both ends above 0".to_owned());
    }
    let count = how_many(count)?;
    if count == 1 && from != to {
        return Err("one value has only one end: give it alone, or a count of 2 or more".to_owned());
    }
    let (from, to) = (from.float(), to.float());
    if !from.is_finite() || !to.is_finite() || from == 0.0 || to == 0.0 {
        return Err("numbers of this size only as a list".to_owned());
    }
    Ok(vec![Part::Log { from, to, count, round, form }])
}

fn read_text(item: &str) -> Result<Vec<Part>, String> {
    if item.starts_with('"') {
        return match json::check(item) {
            Ok(()) => Ok(vec![Part::One(item.to_owned())]),
            Err(_) => Err(format!("after a quoted value comes a comma: `{}`", short(item))),
        };
    }
    if let Some((from, to)) = item.split_once("..")
        && let (Some((before, low)), Some((same, high))) = (numbered(from), numbered(to))
        && before == same
    {
        let (Ok(from), Ok(to)) = (low.parse::<u64>(), high.parse::<u64>()) else {
            return Err(format!("the numbers in `{}` are too large", short(item)));
        };
        if from.abs_diff(to) >= MOST as u64 {
            return Err(format!("more than {MOST} values"));
        }
        // q01..q12: with zeros before, all have the same width.
        let zeros = low.len() > 1 && low.starts_with('0') || high.len() > 1 && high.starts_with('0');
        let width = if zeros { low.len().max(high.len()) } else { 0 };
        return Ok(vec![Part::Names { before: before.to_owned(), from, to, width }]);
    }
    Ok(vec![Part::One(json::quote(item))])
}

/// A text that ends in a number, cut before it.
fn numbered(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = text.get(before.len()..).filter(|number| !number.is_empty())?;
    Some((before, number))
}

fn read_choice(item: &str, options: &[(&str, &str)]) -> Result<Vec<Part>, String> {
    let one = |raw: &str| Ok(vec![Part::One(raw.to_owned())]);
    let text = json::string(item).map_or_else(|| item.to_owned(), std::borrow::Cow::into_owned);
    let exact = |label: &str, raw: &str| label == text || raw == item;
    if let Some((_, raw)) = options.iter().find(|(label, raw)| exact(label, raw)) {
        return one(raw);
    }
    if item == "*" || item.eq_ignore_ascii_case("all") {
        return Ok(options.iter().map(|(_, raw)| Part::One((*raw).to_owned())).collect());
    }
    let mut near = options.iter().filter(|(label, _)| label.to_lowercase() == text.to_lowercase());
    if let (Some((_, raw)), None) = (near.next(), near.next()) {
        return one(raw);
    }
    Err(format!("`{}` is not among the options", short(&text)))
}

/// An item as it stands in a phrase.
fn short(text: &str) -> String {
    let cut: String = text.chars().take(30).collect();
    if cut.len() < text.len() { cut + "…" } else { cut }
}
