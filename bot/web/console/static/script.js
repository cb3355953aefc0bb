// The console works without this.
