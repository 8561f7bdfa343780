//! The stable codes: stores keep them, clients branch on them, people search for them. One that changes is
//! another contract. Every code of a list is pinned here, so none is lost and none stands for two things.

mod money;
mod surroundings;
