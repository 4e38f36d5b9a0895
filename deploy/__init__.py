"""What a server needs beside the app, and a rehearsal of it all without Docker."""
