//! What a task gave back, as data to look at: the tree of a JSON text of any size, search, numbers, tables, plots.
//!
//! Pure. All of it works on the text as it came, by offsets: no tree of values is built, nothing is rewritten, and
//! nothing recurses. `Index` is made once a text (one pass); a [`Tree`] is text and index together; [`Rows`] are what
//! can be seen of it while parts are folded. Whatever takes long comes in steps that the caller spreads.

mod blocks;
pub mod diff;
pub mod index;
pub mod number;
pub mod path;
pub mod plot;
pub mod records;
pub mod rows;
pub mod search;
pub mod series;
pub mod text;
pub mod tree;

#[cfg(test)]
mod tests;

pub use index::{Index, Unreadable};
pub use path::Path;
pub use rows::Rows;
pub use tree::{Entry, Tree};
