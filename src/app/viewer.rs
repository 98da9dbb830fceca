//! Looking into a result: the tree, the plot of an array, the table of a list of records.
//!
//! All three share one text and one index. What takes long (a search, the numbers of a large array) is done in
//! slices, one at each [`Msg::Wake`](super::Msg::Wake), so that keys come in between.

use std::{ops::Range, sync::Arc};

use crate::{
    app::called,
    clean::{Charset, exact},
    result::{
        Index, Path, Rows, Tree,
        path::{self, Step as PathStep},
        plot::{self, NoPlot, Picture, Points, Quantity, Signs},
        records::Table,
        rows::Row,
        search::{Direction, Needle, Scope, Search, Step},
        series::{self, Series, Shape},
        tree::{self, Level},
    },
    store::Task,
    wire::{Text, json},
};

/// Bytes of an array that one slice reads.
const SLICE: usize = 512 * 1024;
/// Bytes of a raw text that are one line at most.
const RAW_LINE: usize = 1000;

/// A JSON text that is open.
#[derive(Debug)]
pub struct Opened {
    text: Text,
    range: Range<usize>,
    index: Index,
}

impl Opened {
    /// The tree of it.
    pub fn tree(&self) -> Tree<'_> {
        Tree::new(self.text.get(self.range.clone()).unwrap_or_default(), &self.index)
    }
}

/// What the viewer shows.
#[derive(Debug)]
pub enum Body {
    /// A tree, and what of it is unfolded.
    Tree(Rows),
    /// A text that has no tree, in lines.
    Raw {
        /// Why not.
        why: String,
        /// Where each line begins.
        lines: Vec<u32>,
    },
}

/// What a search has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hunt {
    /// It goes on.
    Running,
    /// It found something.
    Found,
    /// There is nothing.
    Nowhere,
}

/// A result, or a payload, as a tree.
#[derive(Debug)]
pub struct Viewer {
    /// What is looked at, e.g. `result of MeasureT1: qubit='q3'`.
    pub title: String,
    /// A name for a file, without its ending.
    pub file: String,
    /// The text.
    pub opened: Arc<Opened>,
    /// How it is shown.
    pub body: Body,
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
    /// Columns scrolled away to the left.
    pub left: usize,
    /// What is looked for, as it was typed.
    pub query: String,
    /// It, for marking what was found.
    pub needle: Option<Needle>,
    search: Option<Search>,
    /// Where the last match stands.
    hit: Option<Range<usize>>,
}

/// A task's reply, and where its result stands in it.
fn result(task: &Task) -> Option<(Text, Range<usize>)> {
    let reply = task.reply.as_ref()?;
    Some((reply.text.clone(), place(&reply.text, reply.result(task.is_ipython())?)?))
}

impl Viewer {
    /// On a task's result, else on its payload, of which `masked` is what may be seen where it has secrets. `None` if
    /// it has neither.
    pub fn of(task: &Task, masked: Option<Text>) -> Option<Viewer> {
        let (what, text, range) =
            result(task).map(|(text, range)| ("result", text, range)).or_else(|| {
                let payload = masked.or_else(|| task.payload.clone())?;
                let range = 0..payload.len();
                Some(("payload", payload, range))
            })?;
        let short =
            |text: &str| text.chars().filter(char::is_ascii_alphanumeric).take(40).collect::<String>();
        let kind = short(&task.task_type);
        let kind = if kind.is_empty() { "task".to_owned() } else { kind };
        let id: String = short(&task.key.0).chars().take(8).collect();
        Some(Viewer::new(format!("{what} of {}", called(&task.name)), format!("{kind}-{id}"), text, range))
    }

    /// On a message of the bus, of which this may be seen.
    pub fn of_message(topic: &str, json: Text) -> Viewer {
        let file: String = topic.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let range = 0..json.len();
        Viewer::new(format!("last message of {}", exact(topic)), format!("message-{file}"), json, range)
    }

    /// Whether the result is what it would show.
    pub fn has_result(task: &Task) -> bool {
        result(task).is_some()
    }

    fn new(title: String, file: String, text: Text, range: Range<usize>) -> Viewer {
        let raw = text.get(range.clone()).unwrap_or_default();
        let (index, why) = match Index::new(raw) {
            Ok(index) => (index, None),
            Err(why) => (Index::default(), Some(why.to_string())),
        };
        let body = match why {
            Some(why) => Body::Raw { why, lines: raw_lines(raw) },
            None => Body::Tree(Rows::new(&Tree::new(raw, &index))),
        };
        let opened = Arc::new(Opened { text, range, index });
        let (query, needle, search, hit) = (String::new(), None, None, None);
        Viewer { title, file, opened, body, cursor: 0, top: 0, left: 0, query, needle, search, hit }
    }

    /// Bytes that stay at hand because it is open, also where the store lets them go: the text, and an index over it.
    pub fn bytes(&self) -> usize {
        self.opened.text.len() + self.opened.text.len() / 8
    }

    /// The tree; nothing where the text has none.
    pub fn tree(&self) -> Tree<'_> {
        self.opened.tree()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match &self.body {
            Body::Tree(rows) => rows.len(),
            Body::Raw { lines, .. } => lines.len(),
        }
    }

    /// It shows nothing at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A line of a raw text.
    pub fn raw_line(&self, row: usize) -> &str {
        let Body::Raw { lines, .. } = &self.body else { return "" };
        let text = self.tree().text();
        let Some(start) = lines.get(row).map(|at| *at as usize) else { return "" };
        let end = lines.get(row + 1).map_or(text.len(), |at| *at as usize);
        text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// The tree's row under the cursor.
    pub fn row(&self) -> Option<Row> {
        match &self.body {
            Body::Tree(rows) => rows.row(&self.tree(), self.cursor),
            Body::Raw { .. } => None,
        }
    }

    fn way(&self) -> Vec<Level> {
        match &self.body {
            Body::Tree(rows) => rows.way(&self.tree(), self.cursor),
            Body::Raw { .. } => Vec::new(),
        }
    }

    /// The path of what is under the cursor; `None` for a raw text.
    pub fn path(&self) -> Option<Path> {
        matches!(self.body, Body::Tree(_)).then(|| Path::of(&self.tree(), &self.way()))
    }

    /// What is under the cursor as JSON, letter for letter; the whole of a raw text.
    pub fn raw_value(&self) -> &str {
        let tree = self.tree();
        self.row().map_or(tree.text(), |row| tree.raw(&row.entry.value))
    }

    /// What is under the cursor, for use elsewhere: a string without quotes and escapes.
    pub fn value(&self) -> String {
        let raw = self.raw_value();
        json::string(raw).map_or_else(|| raw.to_owned(), std::borrow::Cow::into_owned)
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        self.go(self.cursor.saturating_add_signed(by));
    }

    /// Moves the cursor to a row.
    pub fn go(&mut self, row: usize) {
        self.cursor = row.min(self.len().saturating_sub(1));
    }

    /// Folds or unfolds what is under the cursor; false if there is nothing to.
    pub fn turn(&mut self) -> bool {
        match self.row().and_then(|row| row.open) {
            Some(true) => self.fold(),
            Some(false) => {
                self.unfold(1);
                true
            }
            None => false,
        }
    }

    /// Unfolds by so many levels; false if that is too much to do at once.
    pub fn unfold(&mut self, levels: usize) -> bool {
        let tree = self.opened.tree();
        match &mut self.body {
            Body::Tree(rows) => rows.unfold(&tree, self.cursor, levels),
            Body::Raw { .. } => true,
        }
    }

    fn fold(&mut self) -> bool {
        let tree = self.opened.tree();
        match &mut self.body {
            Body::Tree(rows) => rows.fold(&tree, self.cursor),
            Body::Raw { .. } => false,
        }
    }

    /// Folds what is under the cursor, or goes to what it is in.
    pub fn fold_or_leave(&mut self) {
        if self.fold() {
            return;
        }
        if let Body::Tree(rows) = &self.body
            && let Some(row) = rows.parent(&self.opened.tree(), self.cursor)
        {
            self.cursor = row;
        }
    }

    /// Shows the place and puts the cursor there.
    pub fn reveal(&mut self, place: usize) {
        let tree = self.opened.tree();
        self.cursor = match &mut self.body {
            Body::Tree(rows) => rows.reveal(&tree, place),
            Body::Raw { lines, .. } => lines.partition_point(|at| *at as usize <= place).saturating_sub(1),
        };
    }

    /// Scrolls so that the cursor can be seen.
    pub fn follow(&mut self, height: usize) {
        let height = height.max(1);
        self.cursor = self.cursor.min(self.len().saturating_sub(1));
        self.top = self.top.clamp((self.cursor + 1).saturating_sub(height), self.cursor);
        self.top = self.top.min(self.len().saturating_sub(height));
    }

    /// Takes what was typed as a search: a path that begins with `.` or `[`, `key:name`, or any text.
    ///
    /// # Errors
    /// A path that is none, or leads nowhere.
    pub fn look_for(&mut self, query: &str) -> Result<(), String> {
        self.query = query.to_owned();
        (self.needle, self.search) = (None, None);
        if query.starts_with(['.', '[']) {
            let path = Path::parse(query).map_err(|error| format!("character {}: {error}", error.at + 1))?;
            let entry = path.find(&self.tree())?;
            self.reveal(entry.value.start);
            return Ok(());
        }
        let (text, scope) = match query.strip_prefix("key:") {
            Some(name) => (name, Scope::Keys),
            None => (query, Scope::All),
        };
        self.needle = Needle::new(text, scope);
        self.hit = None;
        self.search_on(Direction::Forward);
        Ok(())
    }

    /// Starts to look for the next match, or the one before; false if nothing is looked for.
    pub fn search_on(&mut self, direction: Direction) -> bool {
        let Some(needle) = self.needle.clone() else { return false };
        let here = self.here();
        // From the last match on, if the cursor still stands there.
        let hit = self.hit.as_ref().filter(|hit| self.is_here(hit.start));
        let from = match (direction, hit) {
            (Direction::Forward, Some(hit)) => hit.end,
            (Direction::Backward, Some(hit)) => hit.start,
            (_, None) => here,
        };
        self.search = Some(Search::new(needle, direction, from, self.tree().text().len()));
        true
    }

    /// The text's place of the cursor.
    fn here(&self) -> usize {
        match &self.body {
            Body::Tree(_) => self.row().map_or(0, |row| row.entry.start()),
            Body::Raw { lines, .. } => lines.get(self.cursor).map_or(0, |at| *at as usize),
        }
    }

    /// The cursor stands on the row that the place is in.
    fn is_here(&self, place: usize) -> bool {
        match &self.body {
            Body::Tree(rows) => rows.row_of(&self.tree(), place) == self.cursor,
            Body::Raw { lines, .. } => lines.partition_point(|at| *at as usize <= place) == self.cursor + 1,
        }
    }

    /// There is work left to do.
    pub fn is_busy(&self) -> bool {
        self.search.is_some()
    }

    /// Stops a search.
    pub fn stop(&mut self) -> bool {
        self.search.take().is_some()
    }

    /// How much of the text is searched, from 0 to 1.
    pub fn searched(&self) -> Option<f64> {
        let left = self.search.as_ref()?.left();
        Some(1.0 - left as f64 / self.tree().text().len().max(1) as f64)
    }

    /// Does one slice of the work.
    pub fn work(&mut self) -> Option<Hunt> {
        let mut search = self.search.take()?;
        Some(match search.step(&self.opened.tree()) {
            Step::More => {
                self.search = Some(search);
                Hunt::Running
            }
            Step::Nowhere => Hunt::Nowhere,
            Step::Found(hit) => {
                self.reveal(hit.start);
                self.hit = Some(hit);
                Hunt::Found
            }
        })
    }

    /// The plot of the array under the cursor.
    ///
    /// # Errors
    /// It is no array of numbers; the sentence says what can be plotted.
    pub fn plot(&self) -> Result<PlotPane, String> {
        let tree = self.tree();
        let way = self.way();
        let sentence = "only arrays of numbers, and arrays of such arrays, can be plotted: go to one";
        let level = way.last().ok_or(sentence)?;
        let open = level.entry.value.start;
        let columns = match series::shape(&tree, open) {
            Shape::Numbers => None,
            Shape::Grid { columns } => Some(columns),
            Shape::Records | Shape::Mixed => return Err(sentence.to_owned()),
        };
        let path = Path::of(&tree, &way);
        let others = match (columns, level.container) {
            (None, Some(object)) => series::companions(&tree, object, tree.count(open))
                .into_iter()
                .filter(|entry| entry.value.start != open)
                .map(|entry| {
                    let key = entry.key.as_ref().map(|key| tree::name(tree.raw(key)).into_owned());
                    (key.unwrap_or_default(), entry.value.start)
                })
                .collect(),
            _ => Vec::new(),
        };
        Ok(PlotPane {
            title: path.to_string(),
            key: last_name(&path),
            opened: Arc::clone(&self.opened),
            series: Series::new(open, columns),
            kind: if columns.is_some() { Kind::Heat } else { Kind::Line },
            log: false,
            x_log: false,
            others,
            x: None,
        })
    }

    /// The table of the list under the cursor, or of the one that the cursor is in.
    ///
    /// # Errors
    /// It is no list of objects.
    pub fn table(&self) -> Result<TablePane, String> {
        let tree = self.tree();
        let way = self.way();
        let records = |level: &&Level| series::shape(&tree, level.entry.value.start) == Shape::Records;
        let at = way
            .iter()
            .rposition(|level| records(&level))
            .ok_or("only lists of objects make a table: go to one")?;
        Ok(TablePane {
            title: Path::of(&tree, &way[..=at]).to_string(),
            opened: Arc::clone(&self.opened),
            table: Table::new(&tree, way[at].entry.value.start),
            cursor: way.get(at + 1).map_or(0, |level| level.entry.number),
            top: 0,
            column: 0,
            left: 0,
        })
    }
}

/// Where a slice stands in its text.
fn place(text: &str, slice: &str) -> Option<Range<usize>> {
    let start = (slice.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let range = start..start + slice.len();
    (text.get(range.clone()) == Some(slice)).then_some(range)
}

/// The starts of a text's lines; very long ones are cut.
fn raw_lines(text: &str) -> Vec<u32> {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < text.len() {
        lines.push(at as u32);
        let most = text.floor_char_boundary(at + RAW_LINE);
        at = memchr::memchr(b'\n', &text.as_bytes()[at..most]).map_or(most, |found| at + found + 1);
    }
    lines
}

/// The last name of a path: what an array is called.
fn last_name(path: &Path) -> String {
    let key = path.0.iter().rev().find_map(|step| match step {
        PathStep::Key(key) => Some(tree::name(key).into_owned()),
        PathStep::Item(_) => None,
    });
    key.unwrap_or_else(|| "value".to_owned())
}

/// How an array is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line.
    Line,
    /// How often numbers of each size occur.
    Histogram,
    /// A map of shades.
    Heat,
}

/// The other axis.
#[derive(Debug)]
struct Other {
    number: usize,
    series: Series,
}

/// An array of numbers: what it holds, and its plot.
#[derive(Debug)]
pub struct PlotPane {
    /// Its path.
    pub title: String,
    key: String,
    opened: Arc<Opened>,
    /// Its numbers, as far as they were read.
    pub series: Series,
    /// How it is drawn.
    pub kind: Kind,
    /// Heights or shades in powers of ten.
    pub log: bool,
    /// The other axis in powers of ten.
    pub x_log: bool,
    /// Arrays of the same object that can stand at the other axis: name and place.
    others: Vec<(String, usize)>,
    x: Option<Other>,
}

impl PlotPane {
    /// The text.
    pub fn tree(&self) -> Tree<'_> {
        self.opened.tree()
    }

    /// There is work left to do.
    pub fn is_busy(&self) -> bool {
        !self.series.is_done() || self.x.as_ref().is_some_and(|x| !x.series.is_done())
    }

    /// Does one slice of it.
    pub fn work(&mut self) {
        let tree = self.opened.tree();
        if !self.series.step(&tree, SLICE) {
            return;
        }
        if let Some(x) = &mut self.x {
            x.series.step(&tree, SLICE);
        }
    }

    /// The next way to draw it.
    pub fn next_kind(&mut self) {
        self.kind = match (self.kind, self.series.columns.is_some()) {
            (Kind::Histogram, true) => Kind::Heat,
            (Kind::Histogram, false) => Kind::Line,
            (Kind::Line | Kind::Heat, _) => Kind::Histogram,
        };
    }

    /// Takes the next array of the same object as the other axis, after the last one its numbers again; its name, or
    /// nothing if there is none.
    pub fn next_x(&mut self) -> Option<&str> {
        let next = self.x.as_ref().map_or(0, |x| x.number + 1);
        self.x =
            self.others.get(next).map(|(_, open)| Other { number: next, series: Series::new(*open, None) });
        if self.others.is_empty() {
            return None;
        }
        Some(self.x_name().unwrap_or("number"))
    }

    fn x_name(&self) -> Option<&str> {
        let x = self.x.as_ref()?;
        Some(self.others.get(x.number)?.0.as_str())
    }

    /// The plot, once all numbers are known.
    ///
    /// # Errors
    /// There is nothing to draw, or no room.
    pub fn picture(&self, size: (usize, usize), charset: Charset) -> Result<Picture, NoPlot> {
        let signs = Signs::of(charset);
        let quantity = Quantity::of(&self.key);
        let values = self.series.values.as_slice();
        match self.kind {
            Kind::Histogram => plot::histogram(values, &quantity, self.log, size, signs),
            Kind::Heat => {
                plot::heat(values, self.series.columns.unwrap_or(1), &quantity, self.log, size, signs)
            }
            Kind::Line => {
                let x_quantity = Quantity::of(self.x_name().unwrap_or("number"));
                let points = Points {
                    x: self.x.as_ref().map(|x| x.series.values.as_slice()),
                    y: values,
                    x_quantity: &x_quantity,
                    y_quantity: &quantity,
                    x_log: self.x_log,
                    y_log: self.log,
                };
                plot::line(points, size, signs)
            }
        }
    }
}

/// A list of records as a table.
#[derive(Debug)]
pub struct TablePane {
    /// The list's path.
    pub title: String,
    opened: Arc<Opened>,
    /// The table.
    pub table: Table,
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub top: usize,
    /// The column under the cursor.
    pub column: usize,
    /// The first column on the screen.
    pub left: usize,
}

impl TablePane {
    /// The text.
    pub fn tree(&self) -> Tree<'_> {
        self.opened.tree()
    }

    /// Does one slice of the work.
    pub fn work(&mut self) {
        self.table.step(&self.opened.tree(), 4 * SLICE);
    }

    /// Moves the cursor to a row; rows that are not read yet are not there.
    pub fn go(&mut self, row: usize) {
        self.cursor = row.min(self.table.len().saturating_sub(1));
    }

    /// Moves the cursor to a column.
    pub fn go_column(&mut self, column: usize) {
        self.column = column.min(self.table.columns.len().saturating_sub(1));
        self.left = self.left.min(self.column);
    }

    /// Sorts by the column under the cursor: upwards, downwards, not at all.
    pub fn sort(&mut self) {
        let next = match self.table.sorted_by() {
            Some((column, false)) if column == self.column => Some((column, true)),
            Some((column, true)) if column == self.column => None,
            _ => Some((self.column, false)),
        };
        self.table.sort(&self.opened.tree(), next);
    }

    /// Scrolls so that the cursor can be seen.
    pub fn follow(&mut self, height: usize) {
        if self.table.is_done() {
            self.go(self.cursor);
        }
        self.top = self.top.clamp((self.cursor + 1).saturating_sub(height.max(1)), self.cursor);
    }

    /// The cell under the cursor.
    pub fn cell(&self) -> Option<Range<usize>> {
        self.table.cells(&self.tree(), self.cursor).get(self.column).cloned().flatten()
    }

    /// The path of that cell.
    pub fn path(&self) -> Option<Path> {
        let tree = self.tree();
        let place = self.cell().map(|cell| cell.start).or_else(|| self.table.record(self.cursor))?;
        Some(Path::of(&tree, &tree.way(place)))
    }

    /// A column's name without its quotes.
    pub fn name(&self, column: usize) -> String {
        self.table.columns.get(column).map(|raw| tree::name(raw).into_owned()).unwrap_or_default()
    }
}

/// The quotes of a name that needs none are left out.
pub fn plain_name(raw: &str) -> &str {
    match raw.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(name) if path::is_plain(name) => name,
        _ => raw,
    }
}
