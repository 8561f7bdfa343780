//! A store written the usual way (read, then set) fails the very claims that ours passes: the tests
//! can fail.
