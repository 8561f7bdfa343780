//! What has a price: App Store products (seed 000) and courses.

mod error;
mod model;
mod ports;
mod rules;
mod service;

pub use error::{CourseRefusal, ProductRefusal};
pub use model::{Course, CourseStatus, NewCourse, NewProduct, Product, SetProductPrice};
pub use ports::{CourseStore, ProductStore};
pub use rules::{check_course, check_price, check_product};
pub use service::ProductService;

#[cfg(feature = "mocks")]
pub use ports::{MockCourseStore, MockProductStore};
