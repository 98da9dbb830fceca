//! Several sweeps together: which task of a group has which values.

use super::{MOST, Sweep};
use crate::wire::{group, json};

/// How several swept fields go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combine {
    /// Each value with each: the counts multiply. The last field goes fastest.
    #[default]
    Multiply,
    /// The first values together, then the second ones: the counts are equal.
    Zip,
}

/// A group's tasks: swept fields and how they go together.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    axes: Vec<(String, Sweep)>,
    combine: Combine,
    count: usize,
}

/// Nothing is swept: one task.
impl Default for Plan {
    fn default() -> Plan {
        Plan { axes: Vec::new(), combine: Combine::default(), count: 1 }
    }
}

impl Plan {
    /// Puts swept fields together, by what they are called and in the order in which they are given.
    ///
    /// # Errors
    /// Why they do not go together, in one phrase.
    pub fn new(axes: Vec<(String, Sweep)>, combine: Combine) -> Result<Plan, String> {
        let counts = axes.iter().map(|(_, sweep)| sweep.count());
        let count = match combine {
            Combine::Multiply => counts.fold(1, usize::saturating_mul),
            Combine::Zip => {
                let first = counts.clone().next().unwrap_or(1);
                if counts.clone().any(|count| count != first) {
                    let told: Vec<String> =
                        axes.iter().map(|(name, sweep)| format!("{name} has {}", sweep.count())).collect();
                    return Err(format!("one by one needs equal counts: {}", told.join(", ")));
                }
                first
            }
        };
        if count > MOST {
            return Err(format!("{} tasks are more than {MOST}", grouped(count)));
        }
        Ok(Plan { axes, combine, count })
    }

    /// How many tasks it makes.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How they go together.
    pub fn combine(&self) -> Combine {
        self.combine
    }

    /// A group's name, made of a class and the swept fields: `MeasureT1 over qubit, averages`.
    pub fn name_for(&self, class: &str) -> String {
        let fields: Vec<&str> = self.names().filter_map(|name| name.rsplit('.').next()).collect();
        group::tidy(&format!("{class} over {}", fields.join(", ")))
    }

    /// What the swept fields are called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|(name, _)| name.as_str())
    }

    /// The swept fields with their sweeps.
    pub fn axes(&self) -> &[(String, Sweep)] {
        &self.axes
    }

    /// The values of the task of that number, from 0: one a swept field, raw JSON.
    pub fn nth(&self, at: usize) -> Option<Vec<String>> {
        if at >= self.count {
            return None;
        }
        let mut values = Vec::with_capacity(self.axes.len());
        let mut rest = at;
        for (_, sweep) in self.axes.iter().rev() {
            let place = match self.combine {
                Combine::Zip => at,
                Combine::Multiply => {
                    let place = rest % sweep.count();
                    rest /= sweep.count();
                    place
                }
            };
            values.push(sweep.nth(place)?);
        }
        values.reverse();
        Some(values)
    }

    /// The same in words: `averages=10, band="X"`.
    pub fn told(&self, at: usize) -> String {
        let values = self.nth(at).unwrap_or_default();
        let told: Vec<String> =
            self.names().zip(values).map(|(name, raw)| format!("{name}={}", json::compact(&raw))).collect();
        told.join(", ")
    }
}

fn grouped(count: usize) -> String {
    if count == usize::MAX { "so many".to_owned() } else { count.to_string() }
}
