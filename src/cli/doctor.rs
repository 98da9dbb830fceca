//! `doctor`: what was found, from which file, which parts answer and how fast, and what the terminal can do.
//!
//! One page to read, or to send along with a question. It asks the lab only what shows on nobody's dashboard, and changes
//! nothing. The exit code is 0 where everything is well, else 1.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal},
    time::Duration,
};

use super::{
    End, FAILED, OK,
    args::{DoctorArgs, LookArgs, Place},
    lab::Lab,
    links,
    out::{self, Out},
    talk::{self, Talk},
};
use crate::{
    net::{
        self, Endpoint,
        influx::{Access, Failure},
        probe::{Finding, Part, Report, Wanted, probe},
    },
    term::{Capabilities, Colours},
    time::Clock,
    wire::{
        Text,
        link::{Line, LinkState, Problem, ProblemKind},
    },
};

/// How long a service spoken to alone may take to answer the connection.
const ALONE: Duration = Duration::from_secs(5);

/// Carries out `doctor`.
///
/// # Errors
/// An address that cannot be used.
pub fn run(place: &Place, look: &LookArgs, args: &DoctorArgs, out: &Out) -> Result<u8, End> {
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    let mut page = Page::default();
    page.line(&format!("juicetop {}", env!("CARGO_PKG_VERSION")));
    found(&mut page, &lab);
    files(&mut page, &lab, look);
    terminal(&mut page, look);
    // What is known without the lab stands there at once.
    page.print(out)?;

    let mut good = page.troubles == 0;
    let mut page = Page::default();
    if let Some(endpoint) = &lab.endpoint {
        let services = if args.services { pinged(&lab) } else { Vec::new() };
        let wanted = Wanted { services, ..Wanted::default() };
        let report = probe(endpoint, &wanted, &lab.options(&lab.memory()), Clock::start())?;
        answers(&mut page, &report);
        if args.services && wanted.services.is_empty() {
            page.line("  services              no file on this machine names any, so none was asked");
        }
    }
    if !lab.alone.is_empty() {
        alone(&mut page, &lab)?;
    }
    database(&mut page, &lab);
    good &= page.troubles == 0;
    page.line("");
    page.line(if good { "All is well." } else { "Not all is well: see the lines marked with BAD." });
    page.print(out)?;
    Ok(if good { OK } else { FAILED })
}

fn pinged(lab: &Lab) -> Vec<Text> {
    // `shared` is everywhere in the files, and in few labs.
    let found = lab.found.iter().flat_map(|found| &found.services);
    found
        .filter(|service| !service.implied || service.name == crate::store::TASK_MANAGER)
        .map(|service| Text::from(service.name.as_str()))
        .collect()
}

/// Lines with a name and a value, aligned.
#[derive(Default)]
struct Page {
    text: String,
    troubles: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn head(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n{title}");
    }

    fn row(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.text, "  {name:<15} {}", out::one_line(value));
    }

    fn good(&mut self, name: &str, took: Duration, detail: &str) {
        let took = format!("{:.1} ms", took.as_secs_f64() * 1000.0);
        let (name, detail) = (out::one_line(name), out::one_line(detail));
        let _ = writeln!(self.text, "  {name:<21} ok   {took:>10}  {detail}");
    }

    /// Something that is wrong, and what to do about it.
    fn bad(&mut self, name: &str, problem: &Problem) {
        self.troubles += 1;
        let _ = writeln!(self.text, "  {:<21} BAD  {}", out::one_line(name), out::one_line(&problem.what));
        if !problem.remedy.is_empty() {
            let _ = writeln!(self.text, "  {:<21}      {}", "", out::one_line(&problem.remedy));
        }
    }

    fn warning(&mut self, text: &str) {
        self.troubles += 1;
        let _ = writeln!(self.text, "  {:<21} BAD  {}", "", out::one_line(text));
    }

    fn print(&self, out: &Out) -> Result<(), End> {
        for line in self.text.lines() {
            out.line(&out.text(line))?;
        }
        Ok(())
    }
}

/// Where the lab is, and how that is known.
fn found(page: &mut Page, lab: &Lab) {
    page.head("The lab");
    let address = match &lab.endpoint {
        Some(Endpoint::Router { url }) => url.clone(),
        Some(Endpoint::Edge { base, token_file }) => {
            format!("{base} (the edge: watch only; token in {})", token_file.display())
        }
        None => "none".to_owned(),
    };
    if lab.listed {
        page.row("lab", &lab.name);
    }
    page.row("address", &address);
    page.row("from", &lab.source);
    let Some(found) = &lab.found else {
        page.row("files", "Juice's files on this machine are not looked at when an address is given");
        return alone_rows(page, lab);
    };
    page.row("name", found.setup_name.as_deref().unwrap_or("none (juice_setup_name in orchestration)"));
    page.row(
        "Juice",
        found.juice_version.as_deref().unwrap_or("its version is written nowhere on this machine"),
    );
    for (index, service) in found.services.iter().enumerate() {
        let from = if service.implied { "added by Juice" } else { "orchestration" };
        let kernel = if service.kernel { ", kernel" } else { "" };
        let title = if index == 0 { "services" } else { "" };
        page.row(
            title,
            &format!(
                "{:<14} {} ({from}{kernel}; own port {})",
                service.name, service.entrypoint, service.url
            ),
        );
    }
    alone_rows(page, lab);
    for warning in &found.warnings {
        page.warning(&warning.to_string());
    }
}

fn alone_rows(page: &mut Page, lab: &Lab) {
    for (name, url) in &lab.alone {
        page.row("alone", &format!("{name} at {url} (--service)"));
    }
}

/// The person's own files.
fn files(page: &mut Page, lab: &Lab, look: &LookArgs) {
    page.head("Files of your own");
    let config = lab.folders.config_file();
    let shown = match &config {
        Some(file) if file.exists() => file.display().to_string(),
        Some(file) => format!("{} (not there, which is fine)", file.display()),
        None => "none: neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
    };
    page.row("configuration", &shown);
    let labs: Vec<&str> = lab.listed_labs().collect();
    if !labs.is_empty() {
        page.row("labs", &labs.join(", "));
    }
    page.row("themes", &lab.loaded.themes.len().to_string());
    for problem in lab.look_problems(look.theme.as_deref()) {
        page.warning(&problem);
    }
    page.row("catalogues", &lab.loaded.catalogues.len().to_string());
    let log = lab.folders.log_file().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    page.row("log", &log);
    let why = match () {
        () if look.read_only => "no: --read-only",
        () if lab.config().read_only => "no: read-only in the configuration",
        () if lab.is_config_unreadable() => "no: the configuration cannot be read",
        () if lab.watch_only().is_some() => "no: through the edge one can watch but not submit",
        () => "yes",
    };
    page.row("can send", why);
    let guard = lab.config().guard.patterns().join(", ");
    page.row("guarded types", if guard.is_empty() { "none" } else { &guard });
    for problem in &lab.loaded.problems {
        page.warning(&problem.to_string());
    }
}

/// What the terminal can show.
fn terminal(page: &mut Page, look: &LookArgs) {
    page.head("The terminal");
    let env = |name: &str| std::env::var(name).ok();
    let can = Capabilities::from_env(&env);
    let set = |name: &str| {
        env(name).filter(|v| !v.is_empty()).map_or_else(String::new, |v| format!("  {name}={v}"))
    };
    page.row("TERM", &format!("{}{}{}", env("TERM").unwrap_or_default(), set("COLORTERM"), set("NO_COLOR")));
    let colours = match can.colours {
        Colours::None => "none",
        Colours::Ansi16 => "16",
        Colours::Ansi256 => "256",
        Colours::TrueColour => "16 million",
    };
    page.row("colours", colours);
    let signs = match can.utf8 && !look.ascii {
        true => "Unicode",
        false => "ASCII (the locale is not UTF-8, or --ascii)",
    };
    page.row("signs", signs);
    let inside = [(can.tmux, "tmux"), (can.screen, "GNU screen"), (can.ssh, "ssh")];
    let inside: Vec<&str> = inside.into_iter().filter(|(yes, _)| *yes).map(|(_, name)| name).collect();
    let inside = if inside.is_empty() { "nothing that is known of".to_owned() } else { inside.join(", ") };
    page.row("inside", &inside);
    let size =
        crossterm::terminal::size().ok().filter(|_| io::stdin().is_terminal() || io::stdout().is_terminal());
    let size = size.map_or_else(|| "none: this is no terminal".to_owned(), |(w, h)| format!("{w}×{h}"));
    page.row("size", &size);
    let clipboard = match () {
        () if can.tmux => {
            "by OSC 52 through tmux, which needs `set -g set-clipboard on` and `allow-passthrough on`"
        }
        () if can.screen => "by OSC 52 through GNU screen",
        () => "by OSC 52, if the terminal takes it",
    };
    page.row("copying", clipboard);
}

/// What the lab's parts answered.
fn answers(page: &mut Page, report: &Report) {
    page.head(&format!("Answers from {}", report.url));
    for (part, finding) in &report.parts {
        match finding {
            Finding::Good { took, detail } => page.good(&part.to_string(), *took, detail),
            Finding::Bad(problem) => page.bad(&part.to_string(), problem),
            // What an older Juice does not have is no trouble of this lab.
            Finding::Missing { what } => {
                let _ = writeln!(page.text, "  {:<21} none {what}", part.to_string());
            }
        }
    }
    let version = match (report.at_least, report.older_than) {
        (Some(from), Some(to)) => format!("at least {from}, older than {to}"),
        (Some(from), None) => format!("at least {from}"),
        (None, Some(to)) => format!("older than {to}"),
        (None, None) => "cannot be told".to_owned(),
    };
    if report.parts.iter().any(|(part, _)| *part > Part::Tasks) {
        let _ = writeln!(page.text, "  {:<21} {version}", "Juice");
    }
}

/// Juice's database: whether tasks of the past can be read from it.
fn database(page: &mut Page, lab: &Lab) {
    page.head("Juice's database");
    let access = match lab.influx() {
        Ok(access) => access,
        Err(why) => return page.line(&format!("  {:<21} not read: {}", "InfluxDB", out::one_line(&why))),
    };
    let clock = Clock::start();
    let begun = clock.now();
    let Access { url, org, tasks, logs, .. } = &access;
    let detail = format!("{url}, organisation {org}, buckets {tasks} and {logs}");
    match net::influx::tasks::try_out(&access) {
        Ok(_) => page.good("InfluxDB", clock.now().since(begun), &detail),
        Err(Failure { what, remedy, .. }) => {
            page.bad("InfluxDB", &Problem { kind: ProblemKind::Unreachable, what, remedy });
        }
    }
    let read = match lab.config().influxdb.back() {
        Some(back) => format!("tasks of the last {} h are read", back.as_secs() / 3600),
        None => "no tasks are read: [influxdb] hours is 0".to_owned(),
    };
    page.line(&format!("  {:<21} {read}", ""));
}

/// The services that are spoken to alone: whether their own ports answer.
fn alone(page: &mut Page, lab: &Lab) -> Result<(), End> {
    page.head("Services spoken to alone");
    let options = net::Options { endpoint: None, ..lab.options(&lab.memory()) };
    let mut talk = Talk::start(lab, options, false)?;
    let begun = talk.now();
    let mut open: Vec<Text> = lab.alone.iter().map(|(name, _)| name.clone()).collect();
    while !open.is_empty() && talk.now().since(begun) < ALONE {
        if let talk::Step::Stop(_) = talk.step(Some(begun.mono + ALONE)) {
            break;
        }
        open.retain(|name| match talk.session.link(&Line::Service(name.clone())).map(|link| &link.state) {
            Some(LinkState::Live) => {
                page.good(name, talk.now().since(begun), "");
                false
            }
            Some(LinkState::Waiting { problem, .. } | LinkState::Stopped { problem }) => {
                page.bad(name, problem);
                false
            }
            _ => true,
        });
    }
    for name in open {
        page.troubles += 1;
        let _ = writeln!(page.text, "  {name:<21} BAD  no answer within {} s", ALONE.as_secs());
    }
    Ok(())
}
