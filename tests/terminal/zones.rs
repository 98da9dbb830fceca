//! Moments on the screen where the machine is not in UTC, as labs are not.

use crate::common::{flood::Flood, pty::Screen};

/// Case B11: the lab says `2026-11-20T08:00:00Z`.
#[test]
fn a_moment_of_the_lab_is_shown_once_by_the_local_clock_with_its_offset() {
    let flood = Flood::start();
    flood.run(1);
    for (zone, shown) in [
        ("UTC", "2026-11-20 08:00:00 +00:00"),
        ("Europe/Amsterdam", "2026-11-20 09:00:00 +01:00"),
        ("Asia/Shanghai", "2026-11-20 16:00:00 +08:00"),
        ("America/St_Johns", "2026-11-20 04:30:00 -03:30"),
    ] {
        let mut screen = Screen::start(&["--url", &flood.url], (120, 50), &[("TZ", zone)]);
        screen.wait_for("the connection", |text| text.contains("● live"));
        screen.wait_for("a task", |text| text.contains("1 running") && text.contains("n=0"));
        screen.type_keys("j enter");
        let text = screen.wait_for("its times", |text| text.contains("by the router's clock"));
        let created = text.lines().find(|line| line.contains("by the router's clock")).unwrap();
        assert!(created.contains(&format!(" {shown} ")), "{zone}: {created}");
        // What was seen here has the same offset.
        let (_, offset) = shown.rsplit_once(' ').unwrap();
        let started = text.lines().find(|line| line.trim_start().starts_with("started ")).unwrap();
        assert!(started.trim_end().ends_with(offset), "{zone}: {started}");
    }
}
