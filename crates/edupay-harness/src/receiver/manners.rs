//! How a receiver answers: well nine times in ten.

use crate::random::Random;
use std::time::Duration;

/// What is said, and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) answer: &'static str,
    pub(super) pause: Duration,
}

const TAKEN: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
/// It asks to be left in peace, all of it: seldom, since everything else waits for that long.
const PEACE: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BAD: [&str; 7] = [
    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    // No answer, and half of one.
    "",
    "HTTP/1.1 20",
];

impl Manner {
    /// It is taken at once.
    pub(super) const GOOD: Self = Self { answer: TAKEN, pause: Duration::ZERO };
    /// It is not what it should be.
    pub(super) const REFUSAL: Self =
        Self { answer: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", pause: Duration::ZERO };

    /// Whether the sender may forget the message.
    pub(super) fn takes(self) -> bool {
        self.answer == TAKEN
    }
}

/// One in twelve is not taken, and one in a hundred is answered late.
pub(super) fn choose(random: &mut Random) -> Manner {
    let answer = match random.below(240) {
        0 => PEACE,
        1..=20 => random.pick(&BAD).copied().unwrap_or(TAKEN),
        _ => TAKEN,
    };
    let late = if random.below(100) == 0 { random.between(50, 600) } else { 0 };
    Manner { answer, pause: Duration::from_millis(late) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_in_ten_is_treated_badly() {
        let mut random = Random::new(5);
        let manners: Vec<Manner> = (0..4_000).map(|_| choose(&mut random)).collect();
        let taken = manners.iter().filter(|manner| manner.takes()).count();
        assert!((3_550..3_800).contains(&taken), "{taken}");
        assert!(BAD.iter().chain([&PEACE]).all(|bad| manners.iter().any(|manner| manner.answer == *bad)));
    }
}
