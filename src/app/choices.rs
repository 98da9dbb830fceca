//! What the person has chosen on the screen and wants to find again: filters by name, the history's columns, the border between
//! lanes and task.
//!
//! Pure: the file is for others. It can be edited by hand. It refuses to lose what another juicetop has saved meanwhile: a
//! change is made to what stands in the file then.

use toml::{Table, Value};

use crate::store::{filter::Saved, past::query::Column};

/// The most that the file can have.
pub const MOST_BYTES: u64 = 1024 * 1024;

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Filters by name.
    pub filters: Saved,
    /// The history's columns, in their order; never none.
    pub columns: Vec<Column>,
    /// The lanes' share of a screen with the task beside them, in thousandths; `None`: as it is by itself.
    pub border: Option<u16>,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices { filters: Saved::default(), columns: Column::DEFAULT.to_vec(), border: None }
    }
}

/// A change of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A filter is saved under a name; `None`: forgotten.
    Filter(String, Option<String>),
    /// The history has these columns.
    Columns(Vec<Column>),
    /// The lanes have that share.
    Border(u16),
}

impl Choices {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Where and why it cannot be read.
    pub fn read(text: &str) -> Result<Choices, String> {
        let table: Table = toml::from_str(text).map_err(|e| {
            let line =
                e.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            format!("line {line}: {}", e.message())
        })?;
        let mut choices = Choices::default();
        for (key, value) in &table {
            match (key.as_str(), value) {
                ("filters", Value::Table(filters)) => {
                    for (name, text) in filters {
                        let text = text.as_str().ok_or_else(|| format!("the filter {name} is no text"))?;
                        if !Saved::is_name(name) {
                            return Err(format!("{name:?} is no name of a filter: letters, digits, - and _"));
                        }
                        choices.filters.put(name, text);
                    }
                }
                ("columns", Value::Array(names)) => {
                    let columns = names.iter().map(|name| {
                        let name = name.as_str().unwrap_or_default();
                        Column::of(name).ok_or_else(|| format!("there is no column {name:?}"))
                    });
                    let mut columns: Vec<Column> = columns.collect::<Result<_, String>>()?;
                    let mut seen = Vec::new();
                    columns.retain(|column| {
                        !seen.contains(column) && {
                            seen.push(*column);
                            true
                        }
                    });
                    if !columns.is_empty() {
                        choices.columns = columns;
                    }
                }
                ("border", Value::Integer(share)) => {
                    let share = u16::try_from(*share).ok().filter(|share| *share <= 1000);
                    choices.border =
                        Some(share.ok_or("the border is no number of thousandths, from 0 to 1000")?);
                }
                _ => return Err(format!("there is no {key} here that can be understood")),
            }
        }
        Ok(choices)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let columns = self.columns.iter().map(|column| Value::from(column.title())).collect();
        let filters = self.filters.iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
        let mut table = Table::new();
        table.extend(self.border.map(|share| ("border".to_owned(), Value::from(i64::from(share)))));
        table.insert("columns".to_owned(), Value::Array(columns));
        table.insert("filters".to_owned(), Value::Table(filters));
        format!("# What was chosen on juicetop's screen. It may be edited while no juicetop runs.\n\n{table}")
    }

    /// Makes a change.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Filter(name, Some(text)) => self.filters.put(name, text),
            Change::Filter(name, None) => {
                self.filters.remove(name);
            }
            Change::Columns(columns) => self.columns.clone_from(columns),
            Change::Border(share) => self.border = Some(*share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_read_again() {
        let mut choices = Choices::default();
        assert_eq!(Choices::read(&choices.text()), Ok(choices.clone()));
        choices
            .change(&Change::Filter("night".into(), Some("outcome:failed \"two words\" /q[34]\\//".into())));
        choices.change(&Change::Filter("t1".into(), Some("type:MeasureT1".into())));
        choices.change(&Change::Columns(vec![Column::Name, Column::Id]));
        choices.change(&Change::Border(620));
        assert_eq!(Choices::read(&choices.text()), Ok(choices.clone()));
        choices.change(&Change::Filter("t1".into(), None));
        assert_eq!(choices.filters.names().collect::<Vec<_>>(), ["night"]);
    }

    #[test]
    fn what_cannot_be_understood_is_told() {
        for (text, why) in [
            ("columns = [\"when\"]\nfilters = ", "line 2: "),
            ("columns = [\"wen\"]", "no column \"wen\""),
            ("[filters]\nnight = 3", "the filter night is no text"),
            ("[filters]\n\"a b\" = \"x\"", "no name of a filter"),
            ("border = 1001", "no number of thousandths"),
            ("colour = 1", "no colour here"),
        ] {
            let told = Choices::read(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
        assert_eq!(Choices::read("columns = []"), Ok(Choices::default()));
        assert_eq!(Choices::read("columns = [\"id\", \"id\"]").unwrap().columns, [Column::Id]);
    }
}
