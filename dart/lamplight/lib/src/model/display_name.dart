/// The displayed name of a user.
library;

/// Returns the first of these that is not blank: the remark, the nick, the id.
/// Spaces around it are removed.
String nameOf(String remark, String nick, String userId) {
  for (final name in [remark.trim(), nick.trim()]) {
    if (name.isNotEmpty) {
      return name;
    }
  }
  return userId;
}
