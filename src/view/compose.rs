//! Choosing what to submit, and the composer.

use ratatui::layout::{Position, Rect};

use crate::{
    app::{
        App,
        action::Action,
        called,
        choose::{Choose, Stage},
        compose::{Body, Compose, FrameLine, JsonPane},
        form::Pick,
        layout::Shape,
        session::Way,
    },
    clean::{Clean, exact},
    theme::Role,
    time::Now,
};

use super::{Look, Piece, Row, form, many, overlay::out_of_sight, spaces, word};

/// The list to choose from.
pub(super) fn choose(choose: &Choose, area: Rect, look: Look) -> (Vec<Row>, Position) {
    let (title, hint) = match &choose.stage {
        Stage::Service => ("Submit to which service? ".to_owned(), "type a part of its name"),
        Stage::Type { service } => {
            (format!("Submit to {}: ", exact(service)), "type a part of the task type's name")
        }
        Stage::Option { field } => (format!("{}: ", exact(field)), "type a part of it"),
        Stage::Jump => ("Go to field: ".to_owned(), "type a part of its name"),
    };
    let title = look.piece(&title, Role::Title);
    let before: String = choose.query.text().chars().take(choose.query.cursor()).collect();
    let x = 1 + title.text.width() + Clean::line(&before, look.glyphs.charset).width();
    let query = if choose.query.text().is_empty() {
        word(hint, Role::Placeholder)
    } else {
        look.piece(choose.query.text(), Role::Input)
    };
    let mut rows = vec![Row::of(vec![spaces(1), title, query]), Row::rule(area.width, look)];
    let height = usize::from(area.height).saturating_sub(2).max(1);
    let first = (choose.selected + 1).saturating_sub(height);
    let listed = choose.items.iter().filter(|i| i.on.is_none() || choose.as_typed().is_some());
    let widest = listed.map(|i| i.name.chars().count()).max().unwrap_or(0).min(32);
    let typed = choose.as_typed().map(|typed| {
        let text = format!("{typed}  as it is: nothing is known of it here");
        Row::of(vec![spaces(3), look.piece(&text, Role::Dim)])
    });
    let before = usize::from(typed.is_some());
    if let Some(row) = typed.filter(|_| first == 0) {
        rows.push(Row { selected: choose.selected == 0, ..row }.listed(0));
    }
    let room = height - before.min(height).saturating_sub(first);
    for (place, index) in (before..).zip(&choose.shown).skip(first.saturating_sub(before)).take(room) {
        let item = &choose.items[*index];
        let name = look.name(&item.name, Role::Text).text.pad(widest + 2);
        let mut row = Row::of(vec![
            spaces(3),
            Piece { text: name, role: Role::Text },
            look.piece(&item.about, Role::Dim),
        ]);
        // What it is called comes before where it is known from.
        let room = usize::from(area.width).saturating_sub(3 + widest + 2 + 1);
        let remark = Clean::line(&item.remark, look.glyphs.charset).truncate(room, look.glyphs.charset);
        let role = if item.moves { Role::Hardware } else { Role::Dim };
        row.right = vec![Piece { text: remark, role }, spaces(1)];
        row.selected = place == choose.selected;
        rows.push(row.listed(place));
    }
    if choose.shown.is_empty() && before == 0 {
        let text = match &choose.stage {
            Stage::Type { .. } => "no task types are known yet: type the name of one",
            Stage::Service => "no such service",
            Stage::Option { .. } => "no option has that",
            Stage::Jump => "no field has that in its name",
        };
        rows.push(Row::of(vec![spaces(3), word(text, Role::Dim)]));
    }
    let x = (x as u16).min(area.width.saturating_sub(1));
    (rows, Position { x: area.x + x, y: area.y })
}

/// The list over the form: where it stands, its rows, the cursor. It leaves the form's upper half to be seen.
pub(super) fn pick(pick: &Pick, body: Rect, look: Look) -> (Rect, Vec<Row>, Position) {
    let wanted = pick.choose.items.len().clamp(2, 12) as u16 + 3;
    let height = wanted.min((body.height / 2).max(6)).min(body.height);
    let area = Rect { y: body.y + body.height - height, height, ..body };
    let below = Rect { y: area.y + 1, height: height.saturating_sub(1), ..area };
    let (mut rows, at) = choose(&pick.choose, below, look);
    rows.insert(0, Row::rule(area.width, look));
    (area, rows, at)
}

/// The composer: head, payload, what is said beside it, foot.
pub(super) fn composer(
    app: &App,
    c: &Compose,
    now: Now,
    area: Rect,
    look: Look,
) -> (Vec<(Rect, Vec<Row>)>, Option<Position>) {
    let parts = c.parts(area, app.areas().shape);
    let mut panes = Vec::new();
    let mut cursor = None;
    let mut head = vec![head(app, c, parts.head.width, now, look)];
    let told = c.told.iter().map(|text| Piece { text: text.clone(), role: Role::Warning });
    head.extend(told.map(|piece| Row::of(vec![spaces(1), piece])));
    if usize::from(parts.head.height) > head.len() {
        head.push(Row::rule(area.width, look));
    }
    head.truncate(usize::from(parts.head.height));
    panes.push((parts.head, head));
    let mut range = None;
    let rows = if c.frame_shown {
        let (above, height) = (c.frame_top, usize::from(parts.body.height));
        let below = c.frame_lines().len().saturating_sub(above + height);
        range = (above + below > 0).then_some((above, below));
        frame(c, parts.body, look)
    } else {
        match &c.body {
            Body::Json(pane) => {
                let (rows, at) = json_editor(c, pane, parts.body, look);
                cursor = at;
                rows
            }
            Body::Form(pane) => {
                let charset = look.charset();
                let lines = pane.lines(usize::from(parts.body.width), parts.side.is_some(), charset);
                let (rows, at) = form::form(pane, &lines, parts.body, parts.side.is_some(), look);
                cursor = at;
                range = form::hidden(pane, &lines, usize::from(parts.body.height));
                rows
            }
        }
    };
    panes.push((parts.body, rows));
    if let (Some(side), Some(pane)) = (parts.side, c.form()) {
        let rule = Rect { x: side.x - 1, width: 1, ..side };
        let line = Row::of(vec![look.piece(look.glyphs.bar_line, Role::Rule)]);
        panes.push((rule, vec![line; usize::from(side.height)]));
        let rows = if c.frame_shown { Vec::new() } else { form::beside(pane, side.width, look) };
        panes.push((side, rows));
    }
    panes.push((parts.foot, foot(app, c, range, parts.foot, look, now)));
    (panes, cursor)
}

fn head(app: &App, c: &Compose, width: u16, now: Now, look: Look) -> Row {
    let mut head = Row::of(vec![
        spaces(1),
        word("Submit to ", Role::Title),
        look.name(&c.service, Role::Service),
        look.piece(&format!(" {} ", look.glyphs.separator), Role::Dim),
        look.name(&c.task_type.class, Role::Title),
    ]);
    let moves = app.settings.guard.matches(&c.task_type.name);
    if c.replaces.is_some() {
        head.left.push(word("  replaces the scheduled one", Role::Warning));
    }
    if moves {
        head.left.push(word("  moves hardware", Role::Hardware));
    }
    let open = c.form().is_none() && c.has_secrets();
    head.right = match (c.frame_shown, c.form()) {
        (true, _) => vec![word("the frame ", Role::Warning)],
        (false, None) if open => vec![word("JSON, secrets in the clear ", Role::Warning)],
        (false, None) if c.task_type.schema.is_some() => vec![word("JSON ", Role::Dim)],
        (false, None) => vec![word("no schema: JSON ", Role::Dim)],
        (false, Some(_)) => Vec::new(),
    };
    // On a narrow screen the list of types tells it.
    if !c.frame_shown && !matches!(app.areas().shape, Shape::Narrow | Shape::Tiny) {
        let from = c.task_type.known_from(&c.service, now.utc);
        let comma = if head.right.is_empty() { "" } else { "," };
        head.right.insert(0, look.piece(&format!("{from}{comma} "), Role::Dim));
    }
    head.share_among(&[2, 4], width, look);
    if !moves
        && c.replaces.is_none()
        && let Some(doc) = c.task_type.doc.as_deref().and_then(|d| d.lines().next())
    {
        head.left.push(spaces(3));
        head.left.push(look.piece(doc, Role::Dim));
    }
    head
}

/// The exact frame, secrets masked; of a group what tells it.
fn frame(c: &Compose, area: Rect, look: Look) -> Vec<Row> {
    let lines = c.frame_lines().into_iter().skip(c.frame_top).take(usize::from(area.height));
    let role = |line: &FrameLine| if line.is_frame { Role::Code } else { Role::Text };
    lines.map(|line| Row::of(vec![spaces(2), look.piece(&line.text, role(&line))])).collect()
}

fn json_editor(c: &Compose, pane: &JsonPane, area: Rect, look: Look) -> (Vec<Row>, Option<Position>) {
    let charset = look.charset();
    let height = usize::from(area.height);
    let mut rows = Vec::new();
    let mut cursor = None;
    let wrong: Vec<usize> = c.problems.iter().filter_map(|p| p.line).collect();
    let digits = pane.area.lines().len().to_string().len().max(2);
    let at = pane.area.cursor();
    for (number, text) in pane.area.lines().iter().enumerate().skip(pane.top).take(height) {
        let bad = wrong.contains(&(number + 1));
        let sign = if bad { look.glyphs.failed } else { look.glyphs.bar_line };
        let gutter = look.piece(
            &format!("{:>digits$} {sign} ", number + 1),
            if bad { Role::Error } else { Role::LineNumber },
        );
        let shown = Clean::line(text, charset).skip(pane.left);
        if number == at.0 {
            let before: String = text.chars().take(at.1).collect();
            let x = gutter.text.width() + Clean::line(&before, charset).width().saturating_sub(pane.left);
            cursor = Some(Position {
                x: area.x + (x as u16).min(area.width.saturating_sub(1)),
                y: area.y + (number - pane.top) as u16,
            });
        }
        rows.push(Row::of(vec![gutter, Piece { text: shown, role: Role::Input }]));
    }
    (rows, cursor)
}

/// What is wrong, the name, the lane and the way; on a small screen two lines of it.
fn foot(
    app: &App,
    c: &Compose,
    hidden: Option<(usize, usize)>,
    area: Rect,
    look: Look,
    now: Now,
) -> Vec<Row> {
    let mut rows = vec![status(app, c, hidden, area.width, look)];
    if c.tasks() > 1 {
        rows.extend(many::foot(app, c, area.height < 4, look));
        return rows;
    }
    let lane = if c.parallel { "parallel" } else { "sequential" };
    let way = match c.way {
        Way::Direct => "direct",
        Way::Scheduled(_) => "scheduled",
        Way::Alone => "alone",
    };
    if area.height < 4 {
        rows.push(Row::of(vec![
            spaces(1),
            word(lane, Role::Text),
            word(", ", Role::Dim),
            word(way, Role::Text),
            look.piece(&format!(": {}", way_sentence(c, app.store().by_lab(now))), Role::Dim),
        ]));
        return rows;
    }
    rows.push(Row::of(vec![
        word(" name   ", Role::Dim),
        if c.display_name.is_empty() {
            word("(none while the payload is no JSON object)", Role::Placeholder)
        } else {
            look.piece(&called(&c.display_name), Role::Text)
        },
    ]));
    rows.push(setting(app, " lane   ", lane, lane_sentence(c), Action::Lane, look));
    rows.push(setting(app, " way    ", way, way_sentence(c, app.store().by_lab(now)), Action::Way, look));
    rows
}

/// The line below the payload: what is wrong with it, and how much of the form is out of sight.
fn status(app: &App, c: &Compose, hidden: Option<(usize, usize)>, width: u16, look: Look) -> Row {
    let mut right = Vec::new();
    if let Some((above, below)) = hidden {
        right = vec![look.piece(&out_of_sight(above, below, look), Role::Dim)];
    }
    let taken: usize = right.iter().map(|p| p.text.width()).sum();
    let Some(first) = c.problems.first() else {
        // One column stays free before what stands at the right.
        let mut row = Row::rule(width.saturating_sub(4 + taken as u16 + u16::from(taken > 0)), look);
        row.left.insert(0, word(" ok ", Role::Ok));
        row.right = right;
        return row;
    };
    let more = c.problems.len() - 1;
    let role = match (first.fatal, first.hint) {
        (true, _) => Role::Error,
        (_, false) => Role::Warning,
        (_, true) => Role::Dim,
    };
    let mut row = Row::of(vec![spaces(1), look.piece(&first.what, role)]);
    if c.lacks_code() && app.settings.python.is_some() && c.task_type.path().is_some() {
        // Nothing is wrong: the send key does what is still to be done.
        let key = app.key(Action::Send).unwrap_or_default();
        let text = format!("no code yet: {key} lets its class make it");
        row.left = vec![spaces(1), look.piece(&text, Role::Warning)];
    }
    if more > 0 {
        right.insert(0, look.piece(&format!("and {more} more "), Role::Dim));
    }
    row.right = right;
    row
}

fn setting(
    app: &App,
    label: &'static str,
    value: &'static str,
    sentence: String,
    action: Action,
    look: Look,
) -> Row {
    let key = app.key(action).unwrap_or_default();
    Row {
        left: vec![
            word(label, Role::Dim),
            word(value, Role::Text),
            look.piece(&format!("  {sentence}"), Role::Dim),
        ],
        right: vec![look.piece(&key, Role::Key), spaces(1)],
        ..Row::default()
    }
}

fn lane_sentence(c: &Compose) -> String {
    match (c.parallel, &c.way) {
        (true, Way::Scheduled(_)) => "but the scheduler gives every task the slot".to_owned(),
        (true, _) => "runs at once, beside others".to_owned(),
        (false, Way::Alone) => "waits for your own tasks; nobody else is held off".to_owned(),
        (false, _) => "waits for the service's slot".to_owned(),
    }
}

fn way_sentence(c: &Compose, by_lab: Now) -> String {
    let what = match &c.way {
        Way::Direct => "needs this terminal to its end".to_owned(),
        Way::Scheduled(None) => "goes on if this terminal is lost; direct tasks go first".to_owned(),
        Way::Scheduled(Some(at)) if *at <= by_lab.utc => {
            format!("due at once: {} is over", crate::time::when::show(at))
        }
        Way::Scheduled(Some(at)) => format!("not before {}", crate::time::when::show(at)),
        Way::Alone => {
            "past the task manager, which knows nothing of it; nobody else keeps the slot".to_owned()
        }
    };
    if c.way_reason.is_empty() { what } else { format!("{what} ({})", c.way_reason) }
}
