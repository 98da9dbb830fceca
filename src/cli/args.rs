//! The command line's words. What they mean is decided in the subcommands.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind,
    parser::ValueSource,
};

use crate::demo::Scenario;

/// A terminal cockpit for OrangeQS Juice: live task queues, submitting by keyboard, tracebacks you can read.
///
/// Without a subcommand it opens the screen on the lab that it finds on this machine.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, subcommand_negates_reqs = true)]
pub struct Cli {
    /// What to do instead of opening the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where the lab is.
    #[command(flatten)]
    pub place: Place,
    /// How the screen looks.
    #[command(flatten)]
    pub look: LookArgs,
    /// Whether it is recorded.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// Where the lab is. Holds for every subcommand.
#[derive(Args, Clone, Debug, Default)]
pub struct Place {
    /// A lab of the configuration's list ([labs.NAME]). The screen takes several, each with its own state: --lab A --lab B,
    /// where alt-l shows the next.
    /// Instead of --url or --edge; what is given beside it wins over what the list says.
    #[arg(
        long,
        global = true,
        env = "JUICETOP_LAB",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Where the lab is"
    )]
    pub lab: Vec<String>,
    /// The task manager's address: ws://HOST:PORT (wss for TLS; the port is 5124 where none is given), or wss://PROXY/PATH/
    /// where a proxy has it below a path.
    #[arg(long, global = true, env = "JUICETOP_URL", value_name = "URL", help_heading = "Where the lab is")]
    pub url: Option<String>,
    /// Where the bus of a Juice older than 26.34.1 is heard, which has it over ZeroMQ only: tcp://HOST:PORT (otherwise port 5123
    /// of the task manager's host).
    #[arg(long, global = true, value_name = "URL", help_heading = "Where the lab is")]
    pub bus: Option<String>,
    /// The lab's edge gateway, to watch from outside: http(s)://HUB/BASE. One cannot submit through it.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        requires = "token_file",
        help_heading = "Where the lab is"
    )]
    pub edge: Option<String>,
    /// The file that holds the edge's token.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where the lab is")]
    pub token_file: Option<PathBuf>,
    /// Speaks to one service alone, on its own port, past the task manager (may be given several times).
    #[arg(long, global = true, value_name = "NAME=URL", help_heading = "Where the lab is")]
    pub service: Vec<String>,
    /// Juice's configuration folder (otherwise /etc/juice/config).
    #[arg(long, global = true, value_name = "DIR", help_heading = "Where the lab is")]
    pub juice_config: Option<PathBuf>,
    /// Juice's runtime data (otherwise /var/run/juice).
    #[arg(long, global = true, value_name = "DIR", help_heading = "Where the lab is")]
    pub juice_run: Option<PathBuf>,
    /// More certificate authorities to trust for wss and https (a PEM file), beside the system's.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where the lab is")]
    pub ca_file: Option<PathBuf>,
}

impl Place {
    /// Leaves out what only the environment says where the command line says something else of the same matter: a person
    /// who usually has `JUICETOP_URL` set may still name a lab or an edge, and the other way round.
    ///
    /// # Errors
    /// The command line itself says two things.
    fn settle(&mut self, of: &ArgMatches) -> Result<(), clap::Error> {
        let typed = |id: &str| of.value_source(id) == Some(ValueSource::CommandLine);
        if typed("url") && typed("edge") {
            let what = "the argument '--edge <URL>' cannot be used with '--url <URL>'\n";
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, what));
        }
        if (typed("lab") || typed("edge")) && !typed("url") {
            self.url = None;
        }
        if !typed("lab") && (typed("url") || typed("edge")) {
            self.lab.clear();
        }
        Ok(())
    }
}

impl Cli {
    /// Reads the program's arguments and the environment.
    ///
    /// # Errors
    /// Help, the version, or what is wrong.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let matches = Cli::command().try_get_matches_from(words)?;
        let mut cli = Cli::from_arg_matches(&matches)?;
        cli.place.settle(&matches)?;
        Ok(cli)
    }
}

/// How the screen looks, and what may be done on it.
#[derive(Args, Clone, Debug, Default)]
pub struct LookArgs {
    /// Nothing can be sent or cancelled.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Keeps nothing of this run for the history. (`history = false` in the configuration does so always.)
    #[arg(long, global = true)]
    pub no_history: bool,
    /// A theme: dark, light, ansi16, okabe, okabe-light, mono, or one of your own.
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draws with ASCII signs only (the locale decides otherwise).
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Takes clicks and the wheel; selecting text in the terminal then needs Shift. (`mouse = true` in the configuration does so
    /// always.)
    #[arg(long, global = true)]
    pub mouse: bool,
}

/// A recording of what comes in and goes out.
#[derive(Args, Clone, Debug, Default)]
pub struct RecordArgs {
    /// Writes all that comes in and goes out, with its times, to a new file; juicetop replay plays it.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Leaves payloads, results, tracebacks, names and messages out of the recording.
    #[arg(long, requires = "record")]
    pub redact: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints one line a change until interrupted: first the present state, then changes.
    Watch(WatchArgs),
    /// Sends one task, or with --sweep a group of them.
    Submit(SubmitArgs),
    /// Lists tasks of the past, from the history that the screen keeps; nothing is connected.
    List(ListArgs),
    /// Prints what the services have logged, from Juice's own database; nothing else is connected.
    Logs(LogsArgs),
    /// Shows one task of the past, or writes its result, traceback or payload as it came.
    Show(ShowArgs),
    /// Plays a recording on the same screen, or cleans it of what was measured.
    Replay(ReplayArgs),
    /// Prints what was found, from which file, which parts answer and how fast, and what the terminal can do.
    Doctor(DoctorArgs),
    /// Lists the task types that are known, or asks the lab's Python or a kernel for them.
    Types(TypesArgs),
    /// Lists the lab's services, or interrupts, restarts or rebuilds one.
    Service(ServiceArgs),
    /// Opens the screen on a laboratory inside the program: a demonstration, nothing real moves.
    Demo(DemoArgs),
    /// Prints a configuration to begin with, the keys, a theme, completions for the shell, manual pages.
    Print(PrintArgs),
    /// Prints a picture of the screen (for the documentation).
    #[command(hide = true)]
    Picture(PictureArgs),
}

/// `watch`.
#[derive(Args, Debug)]
pub struct WatchArgs {
    /// JSON lines instead of text, with the fields of docs/watch.md.
    #[arg(long)]
    pub json: bool,
    /// Hidden tasks too.
    #[arg(long)]
    pub hidden: bool,
    /// Only tasks that pass this filter, as on the screen (docs/filters.md): words, /patterns/, outcome:, state:, service:,
    /// type:, error:, since:, took>, payload.FIELD:
    #[arg(long, value_name = "FILTER", default_value = "")]
    pub filter: String,
    /// Whether it is recorded.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// `replay`.
#[derive(Args, Debug)]
#[command(after_help = "\
A recording is made by --record FILE, with the screen, watch and demo.

  space pauses and goes on          . , a message on or back
  [ ]   10 s back or on             { } a minute back or on
  @     goes to a moment            + - faster or slower

  juicetop --record fault.jsonl                         records while you work
  juicetop replay fault.jsonl --speed 10
  juicetop replay fault.jsonl --redact > clean.jsonl    to be sent to somebody")]
pub struct ReplayArgs {
    /// The recording.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How many times as fast as it was.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Stands still at the start.
    #[arg(long)]
    pub paused: bool,
    /// Prints the recording without payloads, results, tracebacks, names and messages instead of playing it.
    #[arg(long, conflicts_with_all = ["speed", "paused"])]
    pub redact: bool,
}

/// A speed above zero.
fn speed(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('x').parse::<f64>().ok();
    number.filter(|n| (0.01..=1000.0).contains(n)).ok_or_else(|| "a number from 0.01 to 1000".to_owned())
}

/// `submit`.
#[derive(Args, Debug)]
pub struct SubmitArgs {
    /// The service. (An id of its own: `--service` goes beside it.)
    #[arg(id = "target", value_name = "SERVICE")]
    pub service: String,
    /// The task type.
    #[arg(value_name = "TYPE")]
    pub task_type: String,
    /// Fields of the payload: name=value, where value is JSON if it can be read as such, else text.
    #[arg(value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// The payload as a JSON object from a file (- for standard input); fields given besides win.
    #[arg(long, value_name = "FILE")]
    pub payload: Option<PathBuf>,
    /// Waits for the service's slot.
    #[arg(long, conflicts_with = "parallel")]
    pub sequential: bool,
    /// Runs at once, beside others.
    #[arg(long)]
    pub parallel: bool,
    /// Sends it on this connection, which it needs to its end (only with --wait).
    #[arg(long, conflicts_with_all = ["scheduled", "at"])]
    pub direct: bool,
    /// Gives it to the scheduler, which keeps it when this program ends.
    #[arg(long)]
    pub scheduled: bool,
    /// Not before this moment: 3h, 22:30, "tomorrow 6:00", "fri 9:00", "25 dec 6:00", or ISO 8601; local time where no
    /// offset is given.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Waits for the end: exit code 0 ok, 1 failed or cancelled, 3 outcome unknown.
    #[arg(long)]
    pub wait: bool,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
    /// The name that is shown, instead of the one made from type and fields.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Confirms a task that moves hardware.
    #[arg(long)]
    pub yes: bool,
    /// Lets the task's own class, in this Python of the lab's environment, make the exact name and what the payload
    /// lacks, such as the code of a cell; with --sweep of all tasks, in one run. Importing the class runs the lab's own
    /// modules here.
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// Lets a field run through values, each a task of one group (may be given several times): 1,2,5, start:stop:count,
    /// centre+-span:count, "log 1:1000:4", 0..10, q1..q5, all.
    #[arg(long, value_name = "FIELD=VALUES", conflicts_with_all = ["direct", "name"])]
    pub sweep: Vec<String>,
    /// Swept fields go one by one, first values together, instead of each with each.
    #[arg(long, requires = "sweep")]
    pub zip: bool,
    /// The group's name, instead of one made of type and fields.
    #[arg(long, value_name = "NAME", requires = "sweep")]
    pub group: Option<String>,
    /// Sends the rest of the group only once its first task has ended ok.
    #[arg(long, requires = "sweep")]
    pub first_alone: bool,
    /// Prints what --sweep would send, and sends nothing.
    #[arg(long, requires = "sweep")]
    pub dry_run: bool,
}

/// `list`.
#[derive(Args, Debug)]
#[command(after_help = "\
  juicetop list outcome:failed since:2h                    the words together are one filter: docs/filters.md
  juicetop list payload.qubit:q3 '!Ping' --since yesterday
  juicetop list type:MeasureT1 --csv > runs.csv
  juicetop list error:KeyError --json --limit 1")]
pub struct ListArgs {
    /// Only tasks that pass this filter, as on the screen (`!word` excludes).
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// JSON lines, with the fields of docs/history.md.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// A table for spreadsheets, with a line of names.
    #[arg(long)]
    pub csv: bool,
    /// Only tasks from then on: 2h, 22:30, yesterday, "fri 9:00", 2026-11-24.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// At most so many, the newest (0: all). As text 50 where nothing is said.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Hidden tasks too.
    #[arg(long)]
    pub hidden: bool,
}

/// `logs`.
#[derive(Args, Debug)]
#[command(after_help = "\
  juicetop logs level:error service:lab since:2h           the words together are one filter: docs/logs.md
  juicetop logs --level warning --grep 'no peak' --follow
  juicetop logs --service lab --since 'yesterday 18:00' --until 'yesterday 19:00' --json > log.jsonl
Here --service NAME (without a URL) means that service's log; it may be given several times.")]
pub struct LogsArgs {
    /// Only records that pass this filter, as on the screen (`!word` excludes).
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Only records of this level or a worse one: debug, info, warning, error, critical, or a number.
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// Only records with this text in their message, whatever its case (may be given several times).
    #[arg(long, value_name = "TEXT")]
    pub grep: Vec<String>,
    /// Only records from then on: 2h, 22:30, yesterday, "fri 9:00", 2026-11-24. Otherwise those of the last 24 hours.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only records before then.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// At most so many, the newest (0: all). As text 100 where nothing is said.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Goes on: asks every 5 s for what is new, until interrupted.
    #[arg(long)]
    pub follow: bool,
    /// Prints tracebacks below their records.
    #[arg(long, conflicts_with = "json")]
    pub traceback: bool,
    /// JSON lines, with the fields of docs/logs.md.
    #[arg(long)]
    pub json: bool,
}

/// `show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The task's id, or its beginning.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Writes the result as it came, letter for letter.
    #[arg(long, group = "part")]
    pub result: bool,
    /// Writes the traceback as it came.
    #[arg(long, group = "part")]
    pub traceback: bool,
    /// Writes the payload as it was kept: secrets are masked.
    #[arg(long, group = "part")]
    pub payload: bool,
    /// Writes only the value at this path of the result (or payload), such as `.fit.t1` or `.points[3]`.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["traceback", "json"])]
    pub path: Option<String>,
    /// All that is known, as one JSON object.
    #[arg(long, group = "part")]
    pub json: bool,
}

/// `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Asks each service too, with a Ping (a task that dashboards hide).
    #[arg(long)]
    pub services: bool,
}

/// `types`.
#[derive(Args, Debug)]
#[command(after_help = "\
Without --python or --kernel nothing is asked: what is known stands in catalogue files, in what kernels told earlier and
what was seen on the bus.

  juicetop types                                           all services
  juicetop types fridge --json                             one, with schemas, a JSON line a type
  juicetop types --python /env/.venv/bin/python > ~/.config/juicetop/catalogue.d/lab.json
  juicetop types --python PATH fridge=hiddenlab:LabService  one service, with its entrypoint
  juicetop types --python PATH --envelope hiddenlab:MeasureT1 '{\"qubit\": \"q3\"}'
  juicetop types lab --kernel                              asks the kernel that runs now")]
pub struct TypesArgs {
    /// The services, all where none is named. With --python also NAME=MODULE:CLASS; with --envelope the class
    /// (MODULE:CLASS) and its payload (JSON, - for standard input).
    #[arg(value_name = "SERVICE")]
    pub names: Vec<String>,
    /// JSON, a line a type, with everything that is known of it.
    #[arg(long, conflicts_with = "python")]
    pub json: bool,
    /// Imports the services in this Python, the one of the lab's environment, and prints a catalogue file. Importing
    /// runs the lab's own code, which may open instruments. Exit code 1 where a service could not be imported.
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    /// How long that may take.
    #[arg(long, value_name = "SECONDS", requires = "python", value_parser = seconds)]
    pub limit: Option<std::time::Duration>,
    /// Validates one payload with the real class instead, and prints what goes into the frame: type, metadata with
    /// the exact display name, payload with the code of a cell.
    #[arg(long, requires = "python")]
    pub envelope: bool,
    /// Asks the service's running kernel, with a cell that takes its slot and waits behind what runs there.
    #[arg(long, conflicts_with = "python")]
    pub kernel: bool,
}

/// A number of seconds above zero.
fn seconds(text: &str) -> Result<std::time::Duration, String> {
    let number = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0 && *seconds <= 86_400.0);
    number
        .map(std::time::Duration::from_secs_f64)
        .ok_or_else(|| "a number of seconds, at most a day".to_owned())
}

/// `service`.
#[derive(Args, Debug)]
#[command(after_help = "\
Each but list says first what it stops and what it does not, and asks; --yes answers. It works where the lab's own network is
reached, such as in a terminal of its JupyterHub.

  juicetop service list
  juicetop service interrupt lab                 stops the cell that runs
  juicetop service restart lab                   ends the process, and starts it anew
  juicetop service restart lab --container       with the newest image
  juicetop service rebuild lab --dry-run         what a new image would bring")]
pub struct ServiceArgs {
    /// What.
    #[command(subcommand)]
    pub command: ServiceCommand,
}

/// What `service` does.
#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Lists the services: their processes, since when they run, their versions of Juice, and what cannot be done from here.
    List {
        /// JSON, a line a service, with the fields of docs/services.md.
        #[arg(long)]
        json: bool,
    },
    /// Stops the cell that runs on an IPython service, whoever sent it.
    Interrupt {
        /// Which.
        #[command(flatten)]
        one: OneService,
    },
    /// Ends a service's process and starts it anew, or its whole container.
    Restart {
        /// Which.
        #[command(flatten)]
        one: OneService,
        /// The container, with the newest image, by the lab's orchestrator.
        #[arg(long)]
        container: bool,
    },
    /// Builds a service's image anew, after a dry run on the service itself.
    Rebuild {
        /// Which.
        #[command(flatten)]
        one: OneService,
        /// Only the dry run: prints what would be installed.
        #[arg(long)]
        dry_run: bool,
    },
}

/// A service, and how it is dealt with.
#[derive(Args, Clone, Debug)]
pub struct OneService {
    /// The service.
    #[arg(id = "target", value_name = "SERVICE")]
    pub name: String,
    /// Does it without asking.
    #[arg(long)]
    pub yes: bool,
    /// Prints one JSON object with what came of it.
    #[arg(long)]
    pub json: bool,
}

/// `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// What goes on in the laboratory.
    #[arg(long, value_enum, default_value_t)]
    pub scenario: Scenario,
    /// Keeps just the server, and prints its address.
    #[arg(long)]
    pub serve_only: bool,
    /// The server's port on loopback; a free one where none is given.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Whether it is recorded.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// `print`.
#[derive(Args, Debug)]
#[command(after_help = "\
  juicetop print config > ~/.config/juicetop/config.toml         every setting with its default, for you to change
  juicetop print theme dark > ~/.config/juicetop/themes/mine.toml
  juicetop print completions bash > ~/.local/share/bash-completion/completions/juicetop
  juicetop print man submit | man -l -")]
pub struct PrintArgs {
    /// What.
    #[command(subcommand)]
    pub command: PrintCommand,
}

/// What `print` prints.
#[derive(Debug, Subcommand)]
pub enum PrintCommand {
    /// The configuration file with every setting, its default or an example.
    Config,
    /// The keys as they are with your own ones: where, which, what each does.
    Keys {
        /// JSON, a line for each action in each place, with the fields of docs/keys.md.
        #[arg(long)]
        json: bool,
    },
    /// The file of a theme, as a start for one of your own.
    Theme {
        /// Its name; otherwise that of the configuration.
        #[arg(id = "named", value_name = "NAME")]
        name: Option<String>,
    },
    /// The shell's completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// A manual page.
    Man {
        /// Of which subcommand; otherwise that of the program.
        #[arg(value_name = "SUBCOMMAND")]
        of: Vec<String>,
    },
}

/// `picture`.
#[derive(Args, Debug)]
pub struct PictureArgs {
    /// Columns and rows.
    #[arg(long, default_value = "80x24")]
    pub size: String,
    /// Which screen.
    #[arg(long, default_value = "lanes")]
    pub view: String,
    /// SVG instead of text.
    #[arg(long)]
    pub svg: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the words mean where the variable of `--url` is set; any that is set everywhere takes its place.
    fn with_url_set(words: &str) -> Result<Place, clap::Error> {
        let command = Cli::command().mut_arg("url", |arg| arg.env("PATH"));
        let matches = command.try_get_matches_from(words.split(' '))?;
        let mut place = Cli::from_arg_matches(&matches)?.place;
        place.settle(&matches)?;
        Ok(place)
    }

    #[test]
    fn what_is_typed_wins_over_the_environment_and_two_places_are_one_too_many() {
        assert!(with_url_set("juicetop list").unwrap().url.is_some(), "the environment counts");
        let edge = with_url_set("juicetop --edge https://hub/ --token-file t list").unwrap();
        assert_eq!((edge.url, edge.edge.as_deref()), (None, Some("https://hub/")));
        assert_eq!(with_url_set("juicetop list --lab north").unwrap().url, None);
        let both = with_url_set("juicetop --edge https://hub/ --token-file t --url ws://a").unwrap_err();
        assert!(both.kind() == ErrorKind::ArgumentConflict && both.to_string().contains("--url"), "{both}");
        assert!(with_url_set("juicetop --edge https://hub/").is_err(), "an edge wants a token");
    }
}
