//! Decimal numbers without rounding, as far as a sweep needs them: `0.1` to `0.5` in five steps is 0.1, 0.2, 0.3, 0.4,
//! 0.5, and integers beyond 64 bits stay whole.

/// Significant digits up to which a value is written exactly; beyond, it is rounded to a 64-bit float.
const DIGITS: usize = 25;

/// `digits` times ten to the power of `exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    /// Reads a finite number of JSON. `None` where it is none, or has more than about 38 digits.
    pub fn read(raw: &str) -> Option<Decimal> {
        let (mantissa, exponent) = match raw.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (raw, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        Some(Decimal { digits, exponent })
    }

    /// `self` and `other` with one exponent: the lower of the two.
    fn align(self, other: Decimal) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let raise = |of: Decimal| {
            if of.digits == 0 {
                return Some(0);
            }
            let by = u32::try_from(of.exponent.checked_sub(exponent)?).ok()?;
            of.digits.checked_mul(10_i128.checked_pow(by)?)
        };
        Some((raise(self)?, raise(other)?, exponent))
    }

    /// `self + other`; `None` where that has too many digits.
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        let (one, two, exponent) = self.align(other)?;
        Some(Decimal { digits: one.checked_add(two)?, exponent })
    }

    /// `self - other`; `None` where that has too many digits.
    pub fn minus(self, other: Decimal) -> Option<Decimal> {
        self.plus(Decimal { digits: other.digits.checked_neg()?, exponent: other.exponent })
    }

    /// `self` times a whole number; `None` where that has too many digits.
    pub fn times(self, factor: i128) -> Option<Decimal> {
        Some(Decimal { digits: self.digits.checked_mul(factor)?, exponent: self.exponent })
    }

    /// How often `step` goes into `self`, without the rest. `None` where it is zero or cannot be told.
    pub fn steps(self, step: Decimal) -> Option<i128> {
        let (all, one, _) = self.align(step)?;
        all.checked_div(one)
    }

    /// Below zero, zero or above.
    pub fn sign(self) -> i128 {
        self.digits.signum()
    }

    /// The nearest 64-bit float.
    pub fn float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The value number `k` of `n` (from 0) between `from` and `to`, both ends among them.
    /// `None` where it has too many digits for that.
    pub fn between(from: Decimal, to: Decimal, k: usize, n: usize) -> Option<Quotient> {
        let (from, to, exponent) = from.align(to)?;
        let parts = i128::try_from(n.saturating_sub(1).max(1)).ok()?;
        let k = i128::try_from(k).ok()?;
        let digits = from.checked_mul(parts.checked_sub(k)?)?.checked_add(to.checked_mul(k)?)?;
        Some(Quotient { digits, exponent, parts })
    }

    /// It as a quotient, to be written.
    pub fn quotient(self) -> Quotient {
        Quotient { digits: self.digits, exponent: self.exponent, parts: 1 }
    }
}

/// `digits` times ten to the power of `exponent`, divided by `parts`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quotient {
    digits: i128,
    exponent: i32,
    parts: i128,
}

impl Quotient {
    /// Its decimal digits (without zeros at their end), their exponent, and whether that is all of it.
    fn divide(self) -> (String, i32, bool) {
        let size = self.digits.unsigned_abs();
        let parts = self.parts.unsigned_abs().max(1);
        let mut digits = (size / parts).to_string();
        let mut rest = size % parts;
        let mut exponent = self.exponent;
        while rest != 0 && digits.trim_start_matches('0').len() < DIGITS {
            rest *= 10;
            digits.push(char::from(b'0' + u8::try_from(rest / parts).unwrap_or(9)));
            rest %= parts;
            exponent -= 1;
        }
        let kept = digits.trim_start_matches('0').trim_end_matches('0');
        exponent += i32::try_from(digits.len() - digits.trim_end_matches('0').len()).unwrap_or(0);
        if kept.is_empty() {
            return ("0".to_owned(), 0, true);
        }
        let sign = if self.digits < 0 { "-" } else { "" };
        (format!("{sign}{kept}"), exponent, rest == 0)
    }

    /// As JSON writes it: exact where it ends within 25 digits, else as the nearest 64-bit float.
    pub fn write(self) -> String {
        let (digits, exponent, exact) = self.divide();
        if exact {
            return plain(&digits, exponent);
        }
        shortest(format!("{digits}e{exponent}").parse().unwrap_or(f64::NAN))
    }

    /// As an integer; `None` where it is not whole.
    pub fn whole(self) -> Option<String> {
        let (digits, exponent, exact) = self.divide();
        let zeros = usize::try_from(exponent).ok().filter(|zeros| exact && *zeros < 400)?;
        if digits == "0" { Some(digits) } else { Some(digits + &"0".repeat(zeros)) }
    }
}

/// A 64-bit float by the fewest digits that give it back.
pub(super) fn shortest(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let digits = mantissa.replace('.', "");
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let exponent = exponent.parse::<i32>().unwrap_or(0) - i32::try_from(fraction).unwrap_or(0);
    plain(&digits, exponent)
}

/// Digits and exponent as Python's `repr` lays them out: with an exponent below 0.0001 and from 1e16 on.
fn plain(digits: &str, exponent: i32) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = count.saturating_add(exponent);
    if digits == "0" {
        return digits.to_owned();
    }
    let text = if !(-3..=16).contains(&point) {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        format!("{first}{rest}e{}", point - 1)
    } else if exponent >= 0 {
        format!("{digits}{}", "0".repeat(usize::try_from(exponent).unwrap_or(0)))
    } else if point <= 0 {
        format!("0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or(0)))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0).min(digits.len()));
        format!("{whole}.{fraction}")
    };
    format!("{sign}{text}")
}
