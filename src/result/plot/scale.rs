//! From numbers to places on an axis: ranges, round marks, units.

use super::NoPlot;

/// What an axis counts: a key's name and unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// As it is written.
    pub(super) key: String,
    /// The name without its unit.
    name: String,
    /// The unit without a prefix, and the power of ten that the key's own prefix means.
    unit: Option<(&'static str, i32)>,
}

/// Units at the end of a key, as people write them (`frequency_hz`, `t1_us`); the unit, and its power of ten.
const UNITS: [(&str, &str, i32); 38] = [
    ("hz", "Hz", 0),
    ("khz", "Hz", 3),
    ("mhz", "Hz", 6),
    ("ghz", "Hz", 9),
    ("s", "s", 0),
    ("sec", "s", 0),
    ("seconds", "s", 0),
    ("ms", "s", -3),
    ("us", "s", -6),
    ("µs", "s", -6),
    ("ns", "s", -9),
    ("ps", "s", -12),
    ("v", "V", 0),
    ("volt", "V", 0),
    ("volts", "V", 0),
    ("mv", "V", -3),
    ("uv", "V", -6),
    ("nv", "V", -9),
    ("amp", "A", 0),
    ("ma", "A", -3),
    ("ua", "A", -6),
    ("na", "A", -9),
    ("k", "K", 0),
    ("kelvin", "K", 0),
    ("mk", "K", -3),
    ("uk", "K", -6),
    ("w", "W", 0),
    ("watt", "W", 0),
    ("mw", "W", -3),
    ("uw", "W", -6),
    ("pa", "Pa", 0),
    ("mbar", "bar", -3),
    ("bar", "bar", 0),
    ("ohm", "Ohm", 0),
    ("mm", "m", -3),
    ("nm", "m", -9),
    ("um", "m", -6),
    ("mt", "T", -3),
];
/// Units that take no prefix.
const PLAIN_UNITS: [&str; 7] = ["dB", "dBm", "rad", "deg", "percent", "mod", "points"];

/// Prefixes of powers of ten in threes, from 10⁻¹⁵.
const PREFIXES: [&str; 10] = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T"];

impl Quantity {
    /// From a key's name.
    pub fn of(key: &str) -> Quantity {
        if let Some((name, ending)) = key.rsplit_once('_')
            && !name.is_empty()
        {
            let lower = ending.to_lowercase();
            if let Some((_, unit, power)) = UNITS.iter().find(|(written, ..)| *written == lower) {
                return Quantity { key: key.to_owned(), name: name.to_owned(), unit: Some((unit, *power)) };
            }
            if let Some(unit) = PLAIN_UNITS.iter().find(|unit| unit.to_lowercase() == lower) {
                return Quantity { key: key.to_owned(), name: format!("{name} [{unit}]"), unit: None };
            }
        }
        Quantity { key: key.to_owned(), name: key.to_owned(), unit: None }
    }

    /// The title of an axis whose numbers are divided by a power of ten; the power.
    fn title(&self, largest: f64, ascii: bool) -> (String, i32) {
        let own = self.unit.map_or(0, |(_, power)| power);
        let power = if largest > 0.0 { (largest.log10() + f64::from(own)).floor() as i32 } else { own };
        let thousands = power.div_euclid(3);
        let prefix = usize::try_from(thousands + 5).ok().and_then(|index| PREFIXES.get(index));
        match (self.unit, prefix) {
            (Some((unit, _)), Some(prefix)) => {
                let prefix = if ascii && *prefix == "µ" { "u" } else { prefix };
                (format!("{} [{prefix}{unit}]", self.name), thousands * 3 - own)
            }
            // Up to a hundred thousand and down to a thousandth, plain numbers read best.
            (None, _) if (-3..5).contains(&power) => (self.name.clone(), 0),
            (None, _) => (format!("{} [1e{}]", self.name, thousands * 3), thousands * 3),
            (Some((unit, _)), None) => {
                (format!("{} [1e{} {unit}]", self.name, thousands * 3), thousands * 3 - own)
            }
        }
    }
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Its place: 0 at the low end, 1 at the high one.
    pub(super) share: f64,
    pub(super) label: String,
}

/// The numbers from one end of an axis to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// A scale that holds all finite numbers.
    pub(super) fn of(values: impl Iterator<Item = f64>, log: bool) -> Result<Scale, NoPlot> {
        let usable = |value: &f64| value.is_finite() && (!log || *value > 0.0);
        let mut any = false;
        let ends = values.inspect(|value| any |= value.is_finite()).filter(usable).fold(
            None,
            |ends: Option<(f64, f64)>, value| {
                let (low, high) = ends.unwrap_or((value, value));
                Some((low.min(value), high.max(value)))
            },
        );
        let (mut low, mut high) = ends.ok_or(if any { NoPlot::NotPositive } else { NoPlot::Nothing })?;
        if low == high {
            // A single number stands in the middle.
            if log {
                (low, high) = ((low / 2.0).max(f64::MIN_POSITIVE), (high * 2.0).min(f64::MAX));
            } else {
                let room = if low == 0.0 { 1.0 } else { low.abs() / 10.0 };
                (low, high) = ((low - room).max(f64::MIN), (high + room).min(f64::MAX));
            }
        }
        Ok(Scale { low, high, log })
    }

    /// From one number to a higher one.
    pub(super) fn between(low: f64, high: f64, log: bool) -> Scale {
        Scale { low, high, log }
    }

    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The place of a number; `None` for what has none here.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        if !value.is_finite() || (self.log && value <= 0.0) {
            return None;
        }
        let share = if self.log {
            (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            // Halves: the whole range may be larger than the largest float.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        };
        share.is_finite().then_some(share.clamp(0.0, 1.0))
    }

    /// About `wanted` round marks, with the axis's title.
    pub(super) fn ticks(&self, quantity: &Quantity, wanted: usize, ascii: bool) -> (Vec<Tick>, String) {
        let (title, power) = quantity.title(self.low.abs().max(self.high.abs()), ascii);
        if self.log {
            let (title, power) = quantity.title(1.0, ascii);
            return (self.log_ticks(wanted, power), title);
        }
        let step = round_step(self.high / wanted.max(1) as f64 - self.low / wanted.max(1) as f64);
        let decimals = (f64::from(power) - (step * 1.000_001).log10().floor()).max(0.0) as usize;
        // Numbers that hardly differ would need endless digits.
        let decimals = decimals.min(12);
        let first = (self.low / step).ceil();
        let ticks = (0..=wanted * 3)
            .map(|number| (first + number as f64) * step)
            .take_while(|value| *value <= self.high + step / 1e6)
            .filter_map(|value| {
                let shown = value / 10_f64.powi(power);
                // A zero without the sign that rounding may give it.
                let shown = if shown.abs() < step / 10_f64.powi(power) / 1e6 { 0.0 } else { shown };
                Some(Tick { share: self.share(value)?, label: format!("{shown:.decimals$}") })
            })
            .collect();
        (ticks, title)
    }

    /// Powers of ten; within two of them also twice and five times as much.
    fn log_ticks(&self, wanted: usize, power: i32) -> Vec<Tick> {
        let (from, to) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let decades = self.high.log10() - self.low.log10();
        let factors: &[f64] = if decades < 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = ((to - from).unsigned_abs() as usize / wanted.max(1) + 1).max(1);
        (from..=to)
            .step_by(every)
            .flat_map(|exponent| factors.iter().map(move |factor| (factor, exponent)))
            .filter_map(|(factor, exponent)| {
                let value = factor * 10_f64.powi(exponent);
                let inside = self.low * 0.999_999 <= value && value <= self.high * 1.000_001;
                let shown = exponent - power;
                let label = match shown {
                    -2..4 => format!("{}", (factor * 10_f64.powi(shown) * 1e6).round() / 1e6),
                    _ => format!("{factor}e{shown}"),
                };
                Some(Tick { share: self.share(value).filter(|_| inside)?, label })
            })
            .collect()
    }
}

/// The next step of 1, 2 or 5 times a power of ten.
pub(super) fn round_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powi(least.log10().floor() as i32);
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= least * 0.999_999);
    let step = factor.unwrap_or(10.0) * power;
    if step.is_finite() && step > 0.0 { step } else { least }
}
