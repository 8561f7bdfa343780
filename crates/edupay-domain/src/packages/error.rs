//! Why packages were not shown, not bought or not told of, and why staff's rows were not stored.

use crate::ids::{PackageId, UserId};
use crate::payments::Postponement;
use thiserror::Error;

/// Why no packages were shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SearchRefusal {
    /// No such student, or not one that the caller may act for: the same answer.
    #[error("the caller may not act for this student")]
    NotYours,
    /// No project of this kind has a package for the student.
    #[error("no package is offered")]
    NothingOffered,
    /// Nothing is held today, or nothing dearer than it is offered.
    #[error("there is no package to upgrade to")]
    NothingToUpgrade,
}

impl SearchRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotYours => "student_not_yours",
            Self::NothingOffered => "nothing_offered",
            Self::NothingToUpgrade => "nothing_to_upgrade",
        }
    }
}

/// Why packages were not bought. Nothing has moved, but for [`PlaceRefusal::ChargeUnknown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlaceRefusal {
    /// No such student, or not one that the caller may act for: the same answer.
    #[error("the caller may not act for this student")]
    NotYours,
    /// No package, too many for the project or the kind, or one twice.
    #[error("the packages are not a selection of the project's")]
    BadSelection,
    /// Unknown, withdrawn, or not for students of this school.
    #[error("package {0} is not offered")]
    NotOffered(PackageId),
    /// Of more than one project.
    #[error("the packages are of several projects")]
    SeveralProjects,
    /// The project can't be paid through this channel.
    #[error("the project does not take this channel")]
    ChannelNotOffered,
    /// A package of the project is held, or paid for: it can be renewed or upgraded.
    #[error("a package of the project is held")]
    HeldAlready,
    /// Nothing of the project is held today.
    #[error("there is no package to upgrade")]
    NothingToUpgrade,
    /// Not dearer than what is held.
    #[error("the package is not dearer than the one that is held")]
    NotDearer,
    /// Never held, or not last.
    #[error("the package was not the last one held")]
    NeverHeld,
    /// The client believes in another total.
    #[error("the amount differs from the price")]
    AmountDiffers,
    /// The sum, or a day, does not fit.
    #[error("the sum is too large")]
    TooLarge,
    /// The gateway gave no charge.
    #[error("the gateway refused the charge")]
    ChargeRefused,
    /// The gateway could not be asked now; there is no charge, and the same request may make one later.
    #[error("the gateway could not be asked for the charge")]
    ChargePostponed(Postponement),
    /// The gateway's answer is unknown; the attempt is kept and resolved.
    #[error("the gateway's answer is unknown")]
    ChargeUnknown,
}

impl PlaceRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotYours => "student_not_yours",
            Self::BadSelection => "package_selection_invalid",
            Self::NotOffered(_) => "package_not_offered",
            Self::SeveralProjects => "several_projects",
            Self::ChannelNotOffered => "channel_not_offered",
            Self::HeldAlready => "package_held",
            Self::NothingToUpgrade => "nothing_to_upgrade",
            Self::NotDearer => "package_not_dearer",
            Self::NeverHeld => "package_never_held",
            Self::AmountDiffers => "amount_differs",
            Self::TooLarge => "amount_too_large",
            Self::ChargeRefused => "charge_refused",
            Self::ChargePostponed(postponement) => postponement.code(),
            Self::ChargeUnknown => "charge_unknown",
        }
    }
}

/// Why it was not told what was bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SuccessRefusal {
    /// No such student, or not one that the caller may act for: the same answer.
    #[error("the caller may not act for this student")]
    NotYours,
    /// No such record or number of this student, whoever else may have it.
    #[error("there is no such purchase")]
    NotFound,
    /// It is not paid, as far as is known.
    #[error("the purchase is not paid")]
    NotPaid,
}

impl SuccessRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotYours => "student_not_yours",
            Self::NotFound => "purchase_not_found",
            Self::NotPaid => "purchase_not_paid",
        }
    }
}

/// Why a school, a student, a card or a binding was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CampusRefusal {
    /// No such school.
    #[error("there is no such school")]
    SchoolNotFound,
    /// No such student.
    #[error("there is no such student")]
    StudentNotFound,
    /// No such user.
    #[error("there is no user {0}")]
    GuardianNotFound(UserId),
    /// The student can't be a guardian of the same student.
    #[error("nobody is their own guardian")]
    OwnGuardian,
    /// It is another student's current card.
    #[error("the card is another student's")]
    CardTaken,
    /// The name of the user that would be made is taken.
    #[error("the name of the student's user is taken")]
    UsernameTaken,
    /// The chunk has this student twice.
    #[error("it is in the chunk before")]
    Repeated,
    /// Too long, or with a character that does not belong.
    #[error("{0} is not usable")]
    BadText(&'static str),
}

impl CampusRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SchoolNotFound => "school_not_found",
            Self::StudentNotFound => "student_not_found",
            Self::GuardianNotFound(_) => "guardian_not_found",
            Self::OwnGuardian => "own_guardian",
            Self::CardTaken => "card_taken",
            Self::UsernameTaken => "username_taken",
            Self::Repeated => "repeated",
            Self::BadText(_) => "text_invalid",
        }
    }
}

/// Why a project or a package was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CatalogueRefusal {
    /// No such school.
    #[error("there is no such school")]
    SchoolNotFound,
    /// No such project.
    #[error("there is no such project")]
    ProjectNotFound,
    /// No such package.
    #[error("there is no such package")]
    PackageNotFound,
    /// Another value of what never changes: a project's school, kind or selection, a package's project.
    #[error("{0} never changes")]
    Fixed(&'static str),
    /// Empty where there must be something, too long, or with a character that does not belong.
    #[error("{0} is not usable")]
    BadText(&'static str),
    /// None, or one twice.
    #[error("the channels are none, or one is named twice")]
    BadChannels,
    /// Zero, or above the limit.
    #[error("the price is out of bounds")]
    PriceOutOfBounds,
    /// The chunk has this package twice.
    #[error("it is in the chunk before")]
    Repeated,
}

impl CatalogueRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SchoolNotFound => "school_not_found",
            Self::ProjectNotFound => "project_not_found",
            Self::PackageNotFound => "package_not_found",
            Self::Fixed(_) => "field_fixed",
            Self::BadText(_) => "text_invalid",
            Self::BadChannels => "channels_invalid",
            Self::PriceOutOfBounds => "price_out_of_bounds",
            Self::Repeated => "repeated",
        }
    }
}
