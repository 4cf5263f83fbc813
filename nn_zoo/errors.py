"""The one exception for what a user can mend: a key, a file or a value."""


class InputError(ValueError):
  """One line that names the key, file or value and says what was expected.

  Launchers print it to standard error and leave with exit code 2; nothing already saved is touched.
  """
