/// The name to show of a user.
library;

/// The remark, else the nick, else the id. Blanks around a name do not count.
String nameOf(String remark, String nick, String userId) {
  for (final name in [remark.trim(), nick.trim()]) {
    if (name.isNotEmpty) {
      return name;
    }
  }
  return userId;
}
