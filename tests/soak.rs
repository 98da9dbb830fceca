//! A lab that floods, and a person who goes on working: what grows, how keys are answered, whether all is counted.
//!
//! The short ones run with all tests. The long one is left to `.ci/soak`, which says what it measured.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, prints what it measured, and waits by the clock of the machine"
)]

mod common;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::Pid;

use common::{
    flood::{FAILS, Flood, SERVICES},
    pty::{Modes, Screen, child_of, cpu_time, memory_now, most_memory},
};

/// What the program may take by default, KiB.
const LIMIT: u64 = 256 * 1024;
/// Ended tasks that are kept by default.
const KEPT: u64 = 10_000;
const MB: usize = 1_000_000;
/// What ten seconds of a flood may cost more while nobody looks, KiB.
const MORE: u64 = 50_000_000 / 1024;

/// An editor that stays until it is told to go.
const EDITOR: &str =
    "sh -c 'touch $HOME/open; while [ ! -e $HOME/close ]; do sleep 0.02; done; rm $HOME/open $HOME/close'";

/// The program on a flooding lab, connected.
fn open(flood: &Flood, more: &[&str]) -> Screen {
    let mut args = vec!["--url", &flood.url];
    args.extend(more);
    let screen = Screen::start(&args, (120, 40), &[("EDITOR", EDITOR)]);
    screen.wait_for("the connection", |text| text.contains("● live"));
    screen
}

/// What the header has to say of all that the flood has said, where no more comes.
fn counts(flood: &Flood) -> Vec<String> {
    let ended = flood.said().ended;
    let kept = ended.min(KEPT);
    let mut counts = vec![format!("{SERVICES} running"), "0 waiting".into()];
    // Of ten in a row exactly one has failed; the large ones are not among them.
    if ended >= KEPT {
        counts.push(format!("{} failed", kept / FAILS));
    }
    if ended > kept {
        counts.push(format!("{} let go", ended - kept));
    }
    counts
}

/// Waits until the header says just that.
fn wait_for_counts(screen: &Screen, flood: &Flood) {
    let wanted = counts(flood);
    screen.wait_for(&format!("{wanted:?}"), |text| {
        let header = text.lines().next().unwrap_or_default();
        wanted.iter().all(|count| header.contains(count.as_str()))
    });
}

/// Opens the composer on a type that nobody knows, and from there the editor.
fn open_editor(screen: &mut Screen) {
    screen.wait_for("a service", |text| text.contains("flood0"));
    screen.type_keys("s");
    screen.wait_for("the types", |text| text.contains("Submit to "));
    screen.type_text("Anything");
    screen.type_keys("enter");
    screen.wait_for("the composer", |text| text.contains(" · Anything"));
    screen.type_keys("alt-e");
    screen.wait_until("the editor", |screen| screen.home().join("open").exists());
}

fn close_editor(screen: &Screen) {
    std::fs::write(screen.home().join("close"), "").unwrap();
}

/// Presses a key, and how long its answer took.
fn pressed(screen: &mut Screen, key: &str, answer: &str) -> Duration {
    let begun = Instant::now();
    screen.type_keys(key);
    screen.wait_for(answer, |text| text.contains(answer));
    let took = begun.elapsed();
    screen.type_keys("esc");
    screen.wait_for("the lanes again", |text| !text.contains(answer));
    took
}

/// The program has answered each ping of the last seconds, of both connections, long before Juice would hang up.
fn assert_answered(flood: &Flood, seconds: usize) {
    let answers = flood.answers();
    assert!(answers.len() >= 2 * (seconds - 2), "{answers:?}");
    // Juice waits for 30 s; a busy machine is no reason to come near that.
    assert!(answers.iter().all(|took| *took < Duration::from_secs(10)), "{answers:?}");
}

/// Case B29.
#[test]
fn what_came_while_the_editor_had_the_terminal_stands_on_the_screen_afterwards() {
    let flood = Flood::start();
    let mut screen = open(&flood, &["--no-history"]);
    flood.rate(2_000);
    open_editor(&mut screen);
    let (before, memory) = (flood.said().ended, memory_now(screen.pid()));
    flood.ask(true);
    sleep(Duration::from_secs(10));
    flood.ask(false);
    flood.rate(0);
    sleep(Duration::from_millis(100));
    assert!(flood.said().ended > before + 1_500, "{before} and {:?}", flood.said());
    let more = most_memory(screen.pid()) - memory;
    assert!(more < MORE, "{more} KiB more than {memory}");
    assert_answered(&flood, 10);
    let bytes = screen.bytes_so_far().len();
    sleep(Duration::from_millis(100));
    assert_eq!(screen.bytes_so_far().len(), bytes, "nothing is drawn while somebody else has the terminal");
    close_editor(&screen);
    screen.wait_for("the composer again", |text| text.contains(" · Anything"));
    wait_for_counts(&screen, &flood);
    screen.type_keys("esc");
    screen.wait_for("the lanes", |text| text.contains("MeasureT1") && !text.contains(" · Anything"));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

/// Case B29: what stands still is the terminal itself, and with it the loop.
#[test]
fn a_terminal_that_takes_nothing_costs_little_and_what_was_let_go_meanwhile_is_told() {
    let flood = Flood::start();
    let config = tempfile::tempdir().unwrap();
    // The least that can be chosen: of a quarter of it a few seconds' events find room.
    std::fs::write(config.path().join("config.toml"), "[limits]\nmemory = 134_217_728\n").unwrap();
    let folder = config.path().display().to_string();
    let args = ["--url", &flood.url, "--no-history"];
    let mut screen = Screen::start(&args, (160, 40), &[("JUICETOP_CONFIG_DIR", &folder)]);
    screen.wait_for("the connection", |text| text.contains("● live"));
    flood.rate(6_000);
    screen.wait_for("the flood", |text| text.contains("MeasureT1"));
    let (memory, said) = (memory_now(screen.pid()), flood.said().events);
    screen.hold(true);
    flood.ask(true);
    // Each weighs more than a kilobyte.
    screen.wait_until("more than can be kept", |_| flood.said().events > said + 50_000);
    flood.ask(false);
    flood.rate(0);
    let more = most_memory(screen.pid()) - memory;
    screen.hold(false);
    let ended = flood.said().ended;
    let newest: Vec<String> = (ended..ended + SERVICES).map(|n| format!("n={n}")).collect();
    screen.wait_for("the newest tasks, and that some were missed", |text| {
        text.contains("events missed") && newest.iter().all(|n| text.contains(n.as_str()))
    });
    assert!(more < MORE, "{more} KiB more than {memory}");
    assert_answered(&flood, 5);
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[test]
fn a_flood_is_drawn_at_most_fifteen_times_a_second_and_each_frame_once() {
    let flood = Flood::start();
    let mut screen = open(&flood, &["--no-history"]);
    let (begun, frames, bytes) = (Instant::now(), screen.frames(), screen.bytes_so_far().len());
    flood.rate(2_000);
    sleep(Duration::from_secs(3));
    flood.rate(0);
    let (most, drawn) = (begun.elapsed().as_millis() / 67 + 3, screen.frames() - frames);
    let written = screen.bytes_so_far().len() - bytes;
    assert!(drawn as u128 <= most, "{drawn} frames in the time for {most}");
    // All 4,800 cells anew with a colour each would be more than 100,000.
    assert!(written <= 12_000 * (drawn + 1), "{written} bytes in {drawn} frames");
    wait_for_counts(&screen, &flood);
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[test]
fn a_hundred_events_a_second_cost_a_slow_line_little() {
    let flood = Flood::start();
    let mut screen = open(&flood, &["--no-history"]);
    flood.rate(100);
    sleep(Duration::from_secs(2));
    let (begun, from) = (Instant::now(), screen.bytes_so_far().len());
    sleep(Duration::from_secs(8));
    let written = screen.bytes_so_far()[from..].to_vec();
    let seconds = begun.elapsed().as_secs_f64();
    let count = |what: &[u8]| written.windows(what.len()).filter(|window| *window == what).count();
    let (begins, ends) = (count(b"\x1b[?2026h"), count(b"\x1b[?2026l"));
    assert!(begins as f64 <= 15.0 * seconds + 2.0, "{begins} frames in {seconds:.1} s");
    assert!(begins.abs_diff(ends) <= 1, "{begins} frames begin and {ends} end");
    assert!(written.len() as f64 <= 20_000.0 * seconds, "{} bytes in {seconds:.1} s", written.len());
    // Neither of these, by which the whole would be wiped and drawn anew.
    assert_eq!((count(b"\x1b[2J"), count(b"\x1b[J")), (0, 0));
    flood.rate(0);
    wait_for_counts(&screen, &flood);
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

#[test]
fn a_flood_from_the_lab_behind_delays_neither_keys_nor_the_one_in_front() {
    let (calm, loud) = (Flood::start(), Flood::start());
    let config = tempfile::tempdir().unwrap();
    let labs = format!("[labs.calm]\nurl = '{}'\n[labs.loud]\nurl = '{}'\n", calm.url, loud.url);
    std::fs::write(config.path().join("config.toml"), labs).unwrap();
    let folder = config.path().display().to_string();
    let args = ["--lab", "calm", "--lab", "loud", "--no-history"];
    let mut screen = Screen::start(&args, (120, 40), &[("JUICETOP_CONFIG_DIR", &folder)]);
    screen.wait_for("both labs", |text| text.contains("calm  ● live") && text.contains("[calm]  loud ─"));
    calm.rate(30);
    loud.rate(2_000);
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        pressed(&mut screen, "?", " Keys ");
    }
    let said = (calm.said().ended, loud.said().ended);
    assert!(said.0 > 5 && said.1 > 200, "{said:?} tasks ended meanwhile");
    calm.rate(0);
    loud.rate(0);
    wait_for_counts(&screen, &calm);
    screen.type_keys("alt-l");
    screen.wait_for("the other lab", |text| text.contains("loud  ● live"));
    wait_for_counts(&screen, &loud);
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}

/// The figures of one kind of key.
struct Answers(Vec<Duration>);

impl Answers {
    fn tell(&mut self, what: &str) {
        self.0.sort();
        let at = |part: f64| {
            self.0.get(((self.0.len() as f64 - 1.0) * part) as usize).copied().unwrap_or_default()
        };
        let (half, most, last) = (at(0.5), at(0.99), at(1.0));
        println!("{what:<34} {:>5} keys: p50 {half:>9.1?}  p99 {most:>9.1?}  max {last:>9.1?}", self.0.len());
    }
}

/// One run of the whole: how long in all, how many results of 20 MB, how long somebody holds the reader.
struct Soak {
    flood: Flood,
    /// A shell's, in which the program runs.
    screen: Screen,
    pid: Pid,
    begun: Instant,
    told: Instant,
}

impl Soak {
    /// Presses keys for so long.
    fn work(&mut self, time: Duration, what: &str) {
        let end = Instant::now() + time;
        self.work_while(what, |_| Instant::now() < end);
    }

    /// Presses keys as long as that is so.
    fn work_while(&mut self, what: &str, goes_on: impl Fn(&Soak) -> bool) {
        let mut answers = Answers(Vec::new());
        while goes_on(self) {
            answers.0.push(pressed(&mut self.screen, "?", " Keys "));
            answers.0.push(pressed(&mut self.screen, "/", "filter /"));
            self.screen.type_keys("j j k G g w w");
            if self.told.elapsed() > Duration::from_secs(60) {
                self.told = Instant::now();
                self.memory("meanwhile");
            }
        }
        answers.tell(what);
        self.memory(what);
    }

    fn memory(&self, what: &str) {
        let (now, most) = (memory_now(self.pid) / 1024, most_memory(self.pid) / 1024);
        let said = self.flood.said();
        println!(
            "{what:<34} after {:>4.0} s: {now} MiB now, {most} MiB at most; {} events, {} MB, {} tasks ended",
            self.begun.elapsed().as_secs_f64(),
            said.events,
            said.bytes / 1_000_000,
            said.ended
        );
    }

    /// No more comes; how long until the screen has it all.
    fn settle(&self, what: &str) {
        let begun = Instant::now();
        wait_for_counts(&self.screen, &self.flood);
        println!("{what:<34} the newest state after {:.1?}", begun.elapsed());
    }
}

#[test]
#[ignore = "ten minutes: .ci/soak"]
fn soak() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number of seconds"))
    };
    let seconds = number("JUICETOP_SOAK_SECONDS", 600);
    let rate = number("JUICETOP_SOAK_RATE", 2_000);
    let results = number("JUICETOP_SOAK_RESULTS", 200);
    let held = Duration::from_secs(10.min(seconds / 6 + 1));
    let flood = Flood::start();
    let screen = Screen::start_in_shell(&format!("--url {}", flood.url), (120, 40), &[("EDITOR", EDITOR)]);
    screen.wait_for("the connection", |text| text.contains("● live"));
    let pid = child_of(screen.pid());
    let mut soak = Soak { flood, screen, pid, begun: Instant::now(), told: Instant::now() };
    let part = Duration::from_secs(seconds) / 3;
    soak.memory("at the start");

    soak.flood.rate(rate);
    soak.work(part, "a flood");

    soak.flood.large(results, 20 * MB);
    soak.work_while("and large results", |soak| soak.flood.said().large < results);
    soak.work(part, "after the large results");

    open_editor(&mut soak.screen);
    sleep(held);
    soak.memory("an editor held the terminal");
    soak.flood.rate(0);
    sleep(Duration::from_millis(50));
    close_editor(&soak.screen);
    soak.settle("the editor closed");
    soak.screen.type_keys("esc");
    soak.screen.wait_for("the lanes", |text| !text.contains(" · Anything"));

    soak.flood.rate(rate);
    soak.screen.type_keys("ctrl-z");
    soak.screen.wait_for("the shell", |text| text.contains("Stopped") && text.trim_end().ends_with('$'));
    assert_eq!(soak.screen.modes(), Modes::default());
    sleep(held);
    // As the shell has it at its prompt.
    let settings = soak.screen.stty();
    soak.screen.send(b"fg\n");
    soak.screen.wait_for("the lanes", |text| text.contains("● live"));
    soak.memory("stopped by Ctrl-Z");
    soak.work(part, "and went on");

    soak.screen.type_keys("h");
    soak.screen.wait_for("the history", |text| text.contains("MeasureT1") && text.contains("History"));
    sleep(Duration::from_secs(2));
    soak.memory("with the history open");
    soak.screen.type_keys("esc");

    soak.flood.rate(0);
    soak.settle("the end of the flood");
    let most = most_memory(soak.pid);
    soak.memory("at the end");
    println!(
        "cpu time {:.1?} in {:.0?}; {} frames, {} kB to the terminal",
        cpu_time(soak.pid),
        soak.begun.elapsed(),
        soak.screen.frames(),
        soak.screen.bytes_so_far().len() / 1000
    );
    soak.screen.type_keys("q");
    soak.screen.wait_for("the shell", |text| !text.contains("● live") && text.trim_end().ends_with('$'));
    soak.screen.send(b"echo code $?\n");
    soak.screen.wait_for("a good end", |text| text.contains("code 0") && text.trim_end().ends_with('$'));
    assert_eq!(soak.screen.modes(), Modes::default());
    assert_eq!(soak.screen.stty(), settings);
    assert!(most <= LIMIT, "{most} KiB of {LIMIT}");
}

#[test]
#[ignore = "beside the soak: .ci/soak"]
fn lists() {
    for (listed, bytes, waiting) in [(70_000, 60, 20), (45, MB, 20), (1, 45 * MB, 20), (1_000, 100, 10_000)] {
        let what = format!("{listed} ended, {bytes} bytes each, {waiting} wait");
        let flood = Flood::start();
        flood.list(listed, bytes, waiting);
        let mut screen = open(&flood, &[]);
        flood.rate(300);
        let begun = Instant::now();
        let mut answers = Answers(Vec::new());
        let count = format!("{waiting} waiting");
        while !screen.text().contains(&count) {
            answers.0.push(pressed(&mut screen, "?", " Keys "));
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", screen.text());
        }
        println!("{what}: taken after {:.1?}", begun.elapsed());
        answers.tell(&what);
        flood.rate(0);
        let mut counts = vec![format!("{SERVICES} running"), count];
        let ended = listed + flood.said().ended;
        if ended > KEPT {
            counts.push(format!("{} let go", ended - KEPT));
        }
        screen.wait_for(&format!("{counts:?}"), |text| {
            let header = text.lines().next().unwrap_or_default();
            counts.iter().all(|count| header.contains(count.as_str()))
        });
        let most = most_memory(screen.pid());
        println!("{what}: {} MiB now, {} MiB at most", memory_now(screen.pid()) / 1024, most / 1024);
        assert!(most <= LIMIT, "{most} KiB of {LIMIT}");
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0);
    }
}
